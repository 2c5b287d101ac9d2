mod golden;
mod policies;
mod rules;
