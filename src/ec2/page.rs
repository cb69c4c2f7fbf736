//! Paging through describe calls.

use super::Ec2Error;
use crate::planner::Filter;

/// The most that the describe calls used here give in a page.
pub(super) const MAX_RESULTS: i32 = 1000;

/// The most values that EC2 takes in one filter.
pub(super) const FILTER_VALUES: usize = 200;

/// Where a describe call stands.
#[derive(Debug, Default)]
pub(super) struct Pages {
    token: Option<String>,
}

impl Pages {
    /// The token to ask with.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Goes on to the page with the token `next`; false when there is none. A token that leads to itself would never
    /// end and is `error`.
    pub(super) fn turn(
        &mut self,
        next: Option<&str>,
        error: impl FnOnce() -> Ec2Error,
    ) -> Result<bool, Ec2Error> {
        let next = next.filter(|token| !token.is_empty()).map(str::to_owned);
        if next.is_some() && next == self.token {
            return Err(error());
        }
        self.token = next;
        Ok(self.token.is_some())
    }
}

/// None for no filter: an empty list and none are the same to EC2.
pub(super) fn sdk_filters(filters: &[Filter]) -> Option<Vec<aws_sdk_ec2::types::Filter>> {
    let filters: Vec<_> = filters
        .iter()
        .map(|filter| {
            aws_sdk_ec2::types::Filter::builder()
                .name(&filter.name)
                .set_values(Some(filter.values.clone()))
                .build()
        })
        .collect();
    Some(filters).filter(|filters| !filters.is_empty())
}
