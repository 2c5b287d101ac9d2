//! Stored facts read where they lie: no text is copied and nothing is allocated.
//!
//! Reports read the facts of a million tickets at a time, most of which hardly matter to them. The form is the one that
//! postcard gives [`Facts`](super::Facts); a test holds the two together.

use super::{FORM, Unreadable};
use crate::ticket::{Priority, Role, Status};
use crate::timestamp::Timestamp;

/// The facts of one ticket; its entries are read one by one with [`View::next_entry`].
#[derive(Clone, Debug)]
pub struct View<'a> {
    pub created_at: Timestamp,
    pub creator: Option<Party<'a>>,
    pub session: Option<&'a str>,
    pub channel: &'a str,
    pub priority: Priority,
    pub status: Status,
    pub kind: Option<&'a str>,
    pub category: Option<&'a str>,
    pub language: Option<&'a str>,
    pub group: Option<&'a str>,
    pub assignee: Option<&'a str>,
    pub tags: Texts<'a>,
    pub organization: Option<&'a str>,
    cursor: Cursor<'a>,
    n_left: usize,
}

/// Somebody in a role. Of most nobody asks who they are, so that is read when somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party<'a> {
    id: &'a [u8],
    pub role: Role,
}

/// One event that took effect.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    pub at: Timestamp,
    pub by: Option<Party<'a>>,
    pub what: What<'a>,
}

/// What an event did.
#[derive(Clone, Debug)]
pub enum What<'a> {
    Changed(Changes<'a>),
    PublicComment,
    Escalated,
    /// Merged or deleted.
    Gone,
}

/// The new values of those fields that an event changed; custom fields are passed over.
#[derive(Clone, Debug, Default)]
pub struct Changes<'a> {
    pub priority: Option<Priority>,
    pub status: Option<Status>,
    pub group: Option<Option<&'a str>>,
    pub assignee: Option<Option<&'a str>>,
    pub category: Option<Option<&'a str>>,
    pub kind: Option<Option<&'a str>>,
    pub language: Option<Option<&'a str>>,
    pub tags: Option<Texts<'a>>,
}

/// A list of texts.
#[derive(Clone, Debug)]
pub struct Texts<'a> {
    cursor: Cursor<'a>,
    n_left: usize,
}

#[derive(Clone, Copy, Debug)]
struct Cursor<'a>(&'a [u8]);

type Read<T> = Result<T, Unreadable>;

impl<'a> View<'a> {
    /// Reads the stored form up to the entries.
    pub fn of(bytes: &'a [u8]) -> Read<Self> {
        let mut cursor = Cursor(bytes);
        if cursor.byte()? != FORM {
            return Err(Unreadable(postcard::Error::DeserializeBadEncoding));
        }
        let created_at = cursor.time()?;
        let creator = cursor.party_or_none()?;
        let session = cursor.text_or_none()?;
        let channel = cursor.text()?;
        let priority = cursor.one_of(Priority::ALL)?;
        let status = cursor.one_of(Status::ALL)?;
        let kind = cursor.text_or_none()?;
        let category = cursor.text_or_none()?;
        let language = cursor.text_or_none()?;
        let group = cursor.text_or_none()?;
        let assignee = cursor.text_or_none()?;
        let tags = cursor.texts()?;
        cursor.skip_text()?;
        let organization = cursor.text_or_none()?;
        for _ in 0..cursor.number()? {
            cursor.skip_text()?;
            cursor.skip_text()?;
        }
        let n_left = cursor.length()?;
        Ok(Self {
            created_at,
            creator,
            session,
            channel,
            priority,
            status,
            kind,
            category,
            language,
            group,
            assignee,
            tags,
            organization,
            cursor,
            n_left,
        })
    }

    /// The next entry; none after the last.
    pub fn next_entry(&mut self) -> Read<Option<Entry<'a>>> {
        let Some(n_left) = self.n_left.checked_sub(1) else { return Ok(None) };
        self.n_left = n_left;
        let cursor = &mut self.cursor;
        let at = cursor.time()?;
        let by = cursor.party_or_none()?;
        let what = match cursor.number()? {
            0 => What::Changed(cursor.changes()?),
            1 => What::PublicComment,
            2 => {
                if cursor.is_there()? {
                    cursor.number()?;
                }
                What::Escalated
            }
            3 => {
                cursor.skip_text()?;
                What::Gone
            }
            4 => What::Gone,
            _ => return Err(Unreadable(postcard::Error::DeserializeBadEnum)),
        };
        Ok(Some(Entry { at, by, what }))
    }
}

impl<'a> Party<'a> {
    /// Who it is.
    pub fn id(&self) -> Read<&'a str> {
        text(self.id)
    }
}

fn text(bytes: &[u8]) -> Read<&str> {
    std::str::from_utf8(bytes).map_err(|_| Unreadable(postcard::Error::DeserializeBadUtf8))
}

impl<'a> Cursor<'a> {
    #[inline]
    fn byte(&mut self) -> Read<u8> {
        let (&byte, rest) = self.0.split_first().ok_or(Unreadable(postcard::Error::DeserializeUnexpectedEnd))?;
        self.0 = rest;
        Ok(byte)
    }

    /// Seven bits a byte, the lowest first.
    #[inline]
    fn number(&mut self) -> Read<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Unreadable(postcard::Error::DeserializeBadVarint))
    }

    /// Signs are the lowest bit.
    #[inline]
    fn time(&mut self) -> Read<Timestamp> {
        let number = self.number()?;
        Ok(Timestamp::from_micros((number >> 1) as i64 ^ -((number & 1) as i64)))
    }

    #[inline]
    fn length(&mut self) -> Read<usize> {
        usize::try_from(self.number()?).map_err(|_| Unreadable(postcard::Error::DeserializeBadVarint))
    }

    #[inline]
    fn is_there(&mut self) -> Read<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable(postcard::Error::DeserializeBadOption)),
        }
    }

    #[inline]
    fn text(&mut self) -> Read<&'a str> {
        text(self.skip_text()?)
    }

    /// Passes over a text that nobody asks for yet, whatever it says.
    #[inline]
    fn skip_text(&mut self) -> Read<&'a [u8]> {
        let length = self.length()?;
        let (text, rest) =
            self.0.split_at_checked(length).ok_or(Unreadable(postcard::Error::DeserializeUnexpectedEnd))?;
        self.0 = rest;
        Ok(text)
    }

    #[inline]
    fn text_or_none(&mut self) -> Read<Option<&'a str>> {
        if self.is_there()? { self.text().map(Some) } else { Ok(None) }
    }

    fn texts(&mut self) -> Read<Texts<'a>> {
        let n_left = self.length()?;
        let texts = Texts { cursor: *self, n_left };
        for _ in 0..n_left {
            self.text()?;
        }
        Ok(texts)
    }

    #[inline]
    fn one_of<T: Copy>(&mut self, all: &[T]) -> Read<T> {
        all.get(self.length()?).copied().ok_or(Unreadable(postcard::Error::DeserializeBadEnum))
    }

    #[inline]
    fn party_or_none(&mut self) -> Read<Option<Party<'a>>> {
        if !self.is_there()? {
            return Ok(None);
        }
        Ok(Some(Party { id: self.skip_text()?, role: self.one_of(Role::ALL)? }))
    }

    fn changes(&mut self) -> Read<Changes<'a>> {
        let mut changes = Changes::default();
        for _ in 0..self.number()? {
            match self.number()? {
                0 => changes.priority = Some(self.one_of(Priority::ALL)?),
                1 => changes.status = Some(self.one_of(Status::ALL)?),
                2 => changes.group = Some(self.text_or_none()?),
                3 => changes.assignee = Some(self.text_or_none()?),
                4 => changes.category = Some(self.text_or_none()?),
                5 => changes.kind = Some(self.text_or_none()?),
                6 => changes.language = Some(self.text_or_none()?),
                7 => changes.tags = Some(self.texts()?),
                8 => {
                    self.skip_text()?;
                    if self.is_there()? {
                        self.skip_text()?;
                    }
                }
                _ => return Err(Unreadable(postcard::Error::DeserializeBadEnum)),
            }
        }
        Ok(changes)
    }
}

impl<'a> Iterator for Texts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.n_left = self.n_left.checked_sub(1)?;
        // They were read once when the list was found.
        self.cursor.text().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Changed, Entry as Kept, Facts, Initial, Party as Somebody, What as Done};
    use super::*;

    fn facts() -> Facts {
        let text = |text: &str| Some(text.to_owned());
        let by = |role| Some(Somebody { id: "ann".to_owned(), role });
        let entry = |at, by, what| Kept { at: Timestamp::from_micros(at), by, what };
        let changes = vec![
            Changed::Priority(Priority::Urgent),
            Changed::Group(text("größe")),
            Changed::Assignee(None),
            Changed::Category(text("c")),
            Changed::Kind(text("k")),
            Changed::Language(text("de")),
            Changed::Tags(vec!["x".to_owned(), "y".repeat(300)]),
            Changed::Custom("n".to_owned(), text("1")),
            Changed::Custom("n".to_owned(), None),
            Changed::Status(Status::Closed),
        ];
        Facts {
            created_at: Timestamp::from_micros(-1_234_567_890_123),
            creator: by(Role::System),
            session: text("s1"),
            initial: Initial {
                channel: "email".to_owned(),
                priority: Priority::Low,
                status: Status::OnHold,
                kind: None,
                category: text("login"),
                language: None,
                group: text("g"),
                assignee: text("ben"),
                tags: vec!["a".to_owned(), String::new()],
                requester: "r".to_owned(),
                organization: text("acme"),
                custom: vec![("n".to_owned(), "{}".to_owned())],
            },
            entries: vec![
                entry(i64::MAX, by(Role::Customer), Done::Changed(changes)),
                entry(i64::MIN, None, Done::Changed(Vec::new())),
                entry(127, by(Role::Bot), Done::PublicComment),
                entry(128, by(Role::Agent), Done::Escalated { tier: Some(-5) }),
                entry(0, by(Role::Agent), Done::Escalated { tier: None }),
                entry(1, None, Done::Merged { into: "8".to_owned() }),
                entry(2, None, Done::Deleted),
            ],
        }
    }

    #[test]
    fn it_shows_what_the_facts_hold() {
        let facts = facts();
        let bytes = facts.to_bytes();
        let mut view = View::of(&bytes).unwrap();
        assert_eq!(view.created_at, facts.created_at);
        assert_eq!(view.creator, Some(Party { id: b"ann", role: Role::System }));
        let initial = &facts.initial;
        assert_eq!(
            (view.session, view.channel, view.priority, view.status),
            (Some("s1"), "email", Priority::Low, Status::OnHold)
        );
        assert_eq!((view.kind, view.category, view.language), (None, initial.category.as_deref(), None));
        assert_eq!((view.group, view.assignee, view.organization), (Some("g"), Some("ben"), Some("acme")));
        assert_eq!(view.tags.clone().collect::<Vec<_>>(), ["a", ""]);
        let mut entries = Vec::new();
        while let Some(entry) = view.next_entry().unwrap() {
            entries.push(entry);
        }
        for (shown, held) in entries.iter().zip(&facts.entries) {
            assert_eq!(shown.at, held.at);
            assert_eq!(
                shown.by.map(|by| (by.id().unwrap(), by.role)),
                held.by.as_ref().map(|by| (by.id.as_str(), by.role))
            );
        }
        let What::Changed(changes) = &entries[0].what else { panic!("{:?}", entries[0]) };
        assert_eq!((changes.priority, changes.status), (Some(Priority::Urgent), Some(Status::Closed)));
        assert_eq!((changes.group, changes.assignee), (Some(Some("größe")), Some(None)));
        assert_eq!(
            (changes.category, changes.kind, changes.language),
            (Some(Some("c")), Some(Some("k")), Some(Some("de")))
        );
        assert_eq!(changes.tags.clone().unwrap().map(str::len).collect::<Vec<_>>(), [1, 300]);
        let rest: Vec<_> = entries[1..].iter().map(|entry| std::mem::discriminant(&entry.what)).collect();
        let changed = std::mem::discriminant(&What::Changed(Changes::default()));
        let [comment, escalated, gone] =
            [What::PublicComment, What::Escalated, What::Gone].map(|what| std::mem::discriminant(&what));
        assert_eq!(rest, [changed, comment, escalated, escalated, gone, gone]);
    }

    #[test]
    fn bytes_that_are_cut_off_are_refused() {
        let bytes = facts().to_bytes();
        let read = |bytes: &[u8]| -> Read<usize> {
            let mut view = View::of(bytes)?;
            let mut n = 0;
            while view.next_entry()?.is_some() {
                n += 1;
            }
            Ok(n)
        };
        assert_eq!(read(&bytes).unwrap(), 7);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        assert!(View::of(&[FORM + 1]).is_err());
    }
}
