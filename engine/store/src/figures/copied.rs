//! Rows as the server copies them out in its binary form: a message for each, with the lengths of its fields.

use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::{Error, PgConnection};

/// What a copy begins with, in the message of its first row: this, flags and the length of an extension.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const FLAGS: usize = 4;
/// A copy that takes longer is given up, in case nobody is at the other end any more.
const WITHIN: Duration = Duration::from_mins(10);

/// Copies rows out. Ends with an error where `take` finds one to be other than expected.
pub(super) async fn copy(
    connection: &mut PgConnection,
    statement: &str,
    mut take: impl FnMut(&mut Fields<'_>) -> Option<()>,
) -> Result<(), Error> {
    let reading = read(connection, statement, &mut take);
    tokio::time::timeout(WITHIN, reading).await.unwrap_or(Err(Error::PoolTimedOut))
}

async fn read(
    connection: &mut PgConnection,
    statement: &str,
    take: &mut impl FnMut(&mut Fields<'_>) -> Option<()>,
) -> Result<(), Error> {
    let mut rows = connection.copy_out_raw(statement).await?;
    let mut whole = true;
    while let Some(row) = rows.try_next().await? {
        // Read to its end in any case: a connection that is left in the middle of a copy is good for nothing.
        let mut fields = Fields::of(&row);
        whole =
            whole && fields.as_mut().and_then(|fields| if fields.is_end { Some(()) } else { take(fields) }).is_some();
    }
    if whole {
        Ok(())
    } else {
        Err(Error::Protocol("a copied row does not have the fields that were asked for".into()))
    }
}

/// The fields of a row, one after the other. None where there are no more, or where it is cut off.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    /// This is no row but the mark behind the last one.
    is_end: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let mut row = match message.strip_prefix(SIGNATURE) {
            Some(after) => {
                let (length, after) = after.get(FLAGS..)?.split_first_chunk::<4>()?;
                after.get(u32::from_be_bytes(*length) as usize..)?
            }
            None => message,
        };
        // A copy without rows has its beginning alone in a message, or with the end.
        let Some((n_fields, fields)) = row.split_first_chunk::<2>() else {
            return Some(Self { rest: &[], is_end: true });
        };
        row = fields;
        Some(Self { rest: row, is_end: i16::from_be_bytes(*n_fields) < 0 })
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let (length, after) = self.rest.split_first_chunk::<4>()?;
        let (field, rest) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.rest = rest;
        Some(field)
    }

    pub(super) fn int8(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.bytes()?.try_into().ok()?))
    }

    pub(super) fn int4(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.bytes()?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[&[u8]]) -> Vec<u8> {
        let mut row = (fields.len() as i16).to_be_bytes().to_vec();
        for field in fields {
            row.extend((field.len() as u32).to_be_bytes());
            row.extend(*field);
        }
        row
    }

    #[test]
    fn reads_fields_with_and_without_the_beginning_of_the_copy() {
        let plain = row(&[&7_i64.to_be_bytes(), &(-2_i32).to_be_bytes(), b"facts"]);
        let first = [SIGNATURE, &[0; 8], &plain].concat();
        for message in [&plain, &first] {
            let mut fields = Fields::of(message).unwrap();
            assert!(!fields.is_end);
            assert_eq!((fields.int8(), fields.int4(), fields.bytes()), (Some(7), Some(-2), Some(&b"facts"[..])));
            assert_eq!(fields.bytes(), None);
        }
    }

    #[test]
    fn knows_the_end_with_and_without_rows_before_it() {
        for message in [vec![0xff, 0xff], [SIGNATURE, &[0; 8], &[0xff, 0xff]].concat(), [SIGNATURE, &[0; 8]].concat()] {
            assert!(Fields::of(&message).unwrap().is_end);
        }
    }

    #[test]
    fn a_row_that_is_cut_off_has_no_field() {
        let whole = row(&[b"facts"]);
        for length in 2..whole.len() {
            assert_eq!(Fields::of(&whole[..length]).unwrap().bytes(), None, "{length}");
        }
    }
}
