//! A list that needs no allocation while it is short: a report goes through a million histories, and few are long.

/// A list whose first `N` items lie in place.
#[derive(Clone, Debug)]
pub(super) struct Few<T, const N: usize> {
    first: [T; N],
    n_first: usize,
    rest: Vec<T>,
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self { first: [T::default(); N], n_first: 0, rest: Vec::new() }
    }
}

impl<T: Copy, const N: usize> Few<T, N> {
    pub(super) fn push(&mut self, item: T) {
        if let Some(place) = self.first.get_mut(self.n_first) {
            *place = item;
            self.n_first += 1;
        } else {
            self.rest.push(item);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        self.first.iter().take(self.n_first).chain(&self.rest).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.n_first + self.rest.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.n_first == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_order_beyond_the_first() {
        let mut few = Few::<u8, 2>::default();
        assert!(few.is_empty());
        (1..=5).for_each(|item| few.push(item));
        assert_eq!(few.iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(few.len(), 5);
    }
}
