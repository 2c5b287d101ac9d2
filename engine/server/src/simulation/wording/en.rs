use super::{About, Phrases};

pub(super) static PHRASES: Phrases = Phrases {
    greetings: &["Hello,", "Hi there,", "Good morning,", "Dear team,"],
    wishes: &[
        "Could you look into this, please?",
        "Please let me know what to do next.",
        "I would be glad about a quick answer.",
        "What can we do about it?",
    ],
    closings: &["Thanks,", "Best regards,", "Kind regards,", "Many thanks"],
    agent_greetings: &["Hello {first},", "Hi {first},", "Dear {first},"],
    agent_closings: &["Best regards,", "Kind regards,", "Have a nice day,"],
    details: &[
        "The order number is {order}. I hope that helps.",
        "Sure: it is order {order}, I paid {amount} euros for it {days} days ago.",
        "I tried that already, on my phone and on my laptop, with the same result.",
        "Photos are attached. The box itself was undamaged.",
        "Yes, the address is still the same.",
    ],
    again: &[
        "I am afraid this still isn't solved. Nothing has changed since your last message.",
        "It worked for a day, and now I have the same problem again.",
        "Please reopen this: I have not received anything yet.",
    ],
    thanks: &["Perfect, thank you!", "Great, that did it. Thanks, {first}"],
    praise: &["Quick and friendly.", "Solved in one go, thank you.", "Excellent service!"],
    complaints: &["I had to ask three times.", "It took far too long.", "The answer did not fit my question."],
    billing: About {
        subjects: &["Wrong amount on invoice {order}", "Charged twice", "Question about my invoice"],
        problems: &[
            "Your invoice for order {order} says {amount} euros, but the confirmation had a lower price.",
            "My card was charged {amount} euros twice for order {order}.",
            "I need an invoice with our VAT number for order {order}, the one you sent has none.",
        ],
        questions: &[
            "Could you send us the last four digits of the card and the dates of both charges?",
            "Which company name and VAT number should the invoice show?",
        ],
        answers: &[
            "You are right, the discount was missing. A corrected invoice for order {order} is on its way to you.",
            "One of the two charges was only a reservation; your bank releases the {amount} euros within three days.",
        ],
        searches: &["invoice vat number", "charged twice", "download invoice"],
    },
    delivery: About {
        subjects: &["Where is my order {order}?", "Parcel not delivered", "Delivery to the wrong address"],
        problems: &[
            "I ordered the {product} {days} days ago and the tracking has not moved since.",
            "Tracking says that order {order} was delivered, but nothing arrived here.",
            "The parcel with my {product} went to my old address.",
        ],
        questions: &[
            "Could you ask your neighbours, and tell us whether the address on order {order} is right?",
            "Which address should we send it to?",
        ],
        answers: &[
            "We have asked the carrier to trace the parcel and sent a new {product} to you today.",
            "The parcel of order {order} was held up in the sorting centre; it arrives tomorrow.",
        ],
        searches: &["track my parcel", "where is my order", "change delivery address"],
    },
    login: About {
        subjects: &["Cannot log in", "Password reset mail never arrives", "Account locked"],
        problems: &[
            "I cannot log in any more; it says that my password is wrong although I have just changed it.",
            "I asked for a new password four times and no mail arrives, not even in the spam folder.",
            "My account was locked after a login that was not mine.",
        ],
        questions: &[
            "Which browser do you use, and what exactly does the page say?",
            "Is the mail address of your account the one you are writing from?",
        ],
        answers: &[
            "We have unlocked your account. Please use the link in the mail we have just sent to set a new password.",
            "Your address was on our bounce list. It is off now, so the reset mail will arrive.",
        ],
        searches: &["reset password", "cannot log in", "account locked"],
    },
    refund: About {
        subjects: &["Refund for order {order}", "Still waiting for my money", "Refund is too low"],
        problems: &[
            "I sent the {product} back {days} days ago and have not seen my {amount} euros.",
            "You cancelled order {order} and promised a refund, but nothing has come so far.",
            "The refund for order {order} is lower than what I paid; the shipping is missing.",
        ],
        questions: &["How did you pay for order {order}, by card or by bank transfer?"],
        answers: &[
            "The refund of {amount} euros left us today and takes two to three working days.",
            "Sorry, the shipping had been forgotten. We have refunded the rest for order {order}.",
        ],
        searches: &["refund how long", "refund not received"],
    },
    outage: About {
        subjects: &["Shop is down", "Error 500 at checkout", "Payment page does not load"],
        problems: &[
            "Your shop shows an error page since this morning and I cannot place any order.",
            "At checkout I get error 500 every time, with an empty page after that.",
            "The payment page keeps loading for minutes and then says that it timed out.",
        ],
        questions: &["Does it happen in a private window too, and at what time did you last try?"],
        answers: &[
            "There was a fault at our payment service. It is repaired; please try once more.",
            "We are back: a database of ours had failed over. Your cart is as you left it.",
        ],
        searches: &["shop down", "error 500", "checkout not working"],
    },
    returns: About {
        subjects: &["Item arrived broken", "Wrong item in order {order}", "Return of {product}"],
        problems: &[
            "The {product} arrived with a crack, I would like to exchange it.",
            "Order {order} contained the wrong colour, I had ordered black.",
            "I would like to return the {product}, but the return portal does not know my order {order}.",
        ],
        questions: &["Could you send us a photo of the damage and of the label on the box?"],
        answers: &[
            "The return label is attached; as soon as the parcel is scanned, a new {product} leaves our stock.",
            "Please keep the wrong item, the right one is on its way.",
        ],
        searches: &["return label", "exchange broken item", "return period"],
    },
    product: About {
        subjects: &["Question about {product}", "{product} does not switch on", "Spare part for {product}"],
        problems: &[
            "Does the {product} work with 110 volts too? I could not find it in the manual.",
            "My {product} does not switch on any more, the light blinks red three times.",
            "I lost the lid of my {product}. Can I buy it separately?",
        ],
        questions: &["Which serial number is on the bottom of your {product}?"],
        answers: &[
            "Hold the button for ten seconds until the light turns white; that resets the {product}.",
            "Yes, it does. We have added it to the manual, thank you for the hint.",
        ],
        searches: &["{product} manual", "{product} reset", "spare parts"],
    },
    cancellation: About {
        subjects: &["Ordered by mistake", "Please cancel my subscription", "Cancel order {order}"],
        problems: &[
            "I ordered the {product} twice by mistake, please cancel order {order}.",
            "I would like to cancel my subscription at the next possible date.",
            "Please cancel order {order}, the delivery takes too long for me.",
        ],
        questions: &["Shall we cancel the whole order {order} or one item only?"],
        answers: &[
            "Order {order} is cancelled, you have not been charged.",
            "Your subscription ends with this month; a confirmation follows by mail.",
        ],
        searches: &["cancel order", "cancel subscription"],
    },
};
