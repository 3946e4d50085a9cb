//! Paging as the server does it: pages count from 0, and a page of 0 entries is empty. Pure.

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// How many entries lie before it.
    pub(super) offset: usize,
    /// How many it holds at most.
    pub(super) limit: usize,
}

impl Page {
    /// The page of that number; nothing is negative in a list, so such a page is empty.
    pub(super) fn of(page: i32, per_page: i32) -> Self {
        match (usize::try_from(page), usize::try_from(per_page)) {
            (Ok(page), Ok(limit)) => Self {
                offset: page.saturating_mul(limit),
                limit,
            },
            _ => Self {
                offset: 0,
                limit: 0,
            },
        }
    }

    /// For the lists that know no limit when none is given.
    pub(super) fn unlimited_if_zero(page: i32, per_page: i32) -> Self {
        match per_page {
            0 => Self {
                offset: 0,
                limit: usize::MAX,
            },
            per_page => Self::of(page, per_page),
        }
    }

    /// The entries of a list that are on it.
    pub(super) fn cut<I: Iterator>(self, entries: I) -> impl Iterator<Item = I::Item> {
        entries.skip(self.offset).take(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::first(0, 2, vec![0, 1])]
    #[case::last(2, 2, vec![4])]
    #[case::past(3, 2, vec![])]
    #[case::far(i32::MAX, i32::MAX, vec![])]
    #[case::nothing(0, 0, vec![])]
    #[case::nothing_later(1, 0, vec![])]
    #[case::negative(-1, 2, vec![])]
    #[case::negative_size(0, -2, vec![])]
    fn pages(#[case] page: i32, #[case] per_page: i32, #[case] expected: Vec<i32>) {
        assert_eq!(
            Page::of(page, per_page).cut(0..5).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn some_lists_take_zero_for_no_limit() {
        let page = |per_page| {
            Page::unlimited_if_zero(1, per_page)
                .cut(0..5)
                .collect::<Vec<_>>()
        };
        assert_eq!(page(0), vec![0, 1, 2, 3, 4]);
        assert_eq!(page(2), vec![2, 3]);
    }
}
