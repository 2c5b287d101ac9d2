//! Rows by name: what is added up for each agent, group or value of a dimension.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Rows by name. Finding a row takes no allocation once its name is known. A report looks up several names for each of a
/// million tickets, so they are hashed by something quick; it is seeded anew for each table, and none outlives its report.
#[derive(Clone, Debug)]
pub(super) struct Table<V> {
    places: HashMap<Box<str>, usize, RandomState>,
    rows: Vec<V>,
}

/// What can take in another of its kind.
pub(super) trait Merge {
    fn merge(&mut self, other: Self);
}

impl Merge for u64 {
    fn merge(&mut self, other: Self) {
        *self += other;
    }
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { places: HashMap::default(), rows: Vec::new() }
    }
}

impl<V: Default> Table<V> {
    /// The place of the row of that name, which begins empty.
    pub(super) fn place(&mut self, name: &str) -> usize {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = self.rows.len();
        self.rows.push(V::default());
        self.places.insert(name.into(), place);
        place
    }

    /// The row of that name, which begins empty.
    pub(super) fn row(&mut self, name: &str) -> &mut V {
        let place = self.place(name);
        // Cannot panic: a place is only given out with a row behind it, and rows are never taken away.
        &mut self.rows[place]
    }

    pub(super) fn at(&mut self, place: usize) -> Option<&mut V> {
        self.rows.get_mut(place)
    }

    /// The row of that name, where there is one.
    pub(super) fn get(&self, name: &str) -> Option<&V> {
        self.rows.get(self.find(name)?)
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows in the order of their places.
    pub(super) fn rows(&self) -> impl Iterator<Item = &V> {
        self.rows.iter()
    }

    /// Names and rows, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.places.iter().filter_map(|(name, &place)| Some((&**name, self.rows.get(place)?)))
    }

    /// Names and rows, in no order.
    pub(super) fn into_rows(self) -> Vec<(String, V)> {
        let mut rows: Vec<Option<V>> = self.rows.into_iter().map(Some).collect();
        let taken = self
            .places
            .into_iter()
            .filter_map(|(name, place)| Some((String::from(name), rows.get_mut(place)?.take()?)));
        taken.collect()
    }
}

impl<V: Default + Merge> Merge for Table<V> {
    fn merge(&mut self, other: Self) {
        for (name, row) in other.into_rows() {
            self.row(&name).merge(row);
        }
    }
}
