//! Traffic mirror sessions, listed: the account's own, and what other accounts send to its targets.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::page::{FILTER_VALUES, MAX_RESULTS, Pages, sdk_filters};
use super::{Account, Action, Ec2Error};
use crate::planner::{Filter, MirrorSession};

/// What one listing told.
#[derive(Debug)]
pub(super) struct Listing {
    own: Arc<Vec<MirrorSession>>,
    /// What other accounts send to targets of this one; none where there is so much of it that it was left out.
    others: Option<Vec<MirrorSession>>,
}

fn filter(name: &str, values: &[String]) -> Filter {
    Filter {
        name: name.to_owned(),
        values: values.to_vec(),
    }
}

impl Account {
    /// All sessions that the account owns in this region, in order of their ids. Without the account id, those too that
    /// others made on a target of this account.
    pub async fn sessions(&self) -> Result<Arc<Vec<MirrorSession>>, Ec2Error> {
        let ask = |account: Account, ()| async move { account.ask_listing().await };
        let listing = self.snapshot().sessions.get(self, (), ask).await?;
        Ok(listing.own.clone())
    }

    /// All sessions on these targets that the account can see, those of other accounts on its own targets included, in order of
    /// their ids. No call where the listing of all sessions told it, and none without ids.
    pub async fn sessions_on_targets(&self, target_ids: &[String]) -> Result<Vec<MirrorSession>, Ec2Error> {
        if target_ids.is_empty() {
            return Ok(Vec::new());
        }
        let is_on = |session: &&MirrorSession| target_ids.contains(&session.traffic_mirror_target_id);
        if let Some(listing) = self.snapshot().sessions.known(self, &()).await
            && let Some(others) = &listing.others
        {
            let all = listing.own.iter().chain(others);
            let mut sessions: Vec<MirrorSession> = all.filter(is_on).cloned().collect();
            sessions.sort_by(|a, b| a.id.cmp(&b.id));
            return Ok(sessions);
        }
        let mut sessions = Vec::new();
        for batch in target_ids.chunks(FILTER_VALUES) {
            let filters = vec![filter("traffic-mirror-target-id", batch)];
            let ask = |account: Account, filters: Vec<Filter>| async move { account.list(&filters).await };
            let found = self
                .snapshot()
                .sessions_on_targets
                .get(self, filters, ask)
                .await?;
            sessions.extend(found.iter().filter(is_on).cloned());
        }
        Ok(sessions)
    }

    /// All sessions of one network interface that the account can see, in order of their ids.
    pub async fn sessions_of_interface(
        &self,
        network_interface_id: &str,
    ) -> Result<Vec<MirrorSession>, Ec2Error> {
        let mut sessions = self
            .list(&[filter("network-interface-id", &[network_interface_id.to_owned()])])
            .await?;
        sessions.retain(|session| session.network_interface_id == network_interface_id);
        Ok(sessions)
    }

    /// The sessions of these network interfaces that the account can see, and perhaps others, in order of their ids: one listing,
    /// narrowed where the interfaces are few. Always a call of its own.
    pub async fn sessions_of_interfaces(
        &self,
        network_interface_ids: &BTreeSet<String>,
    ) -> Result<Vec<MirrorSession>, Ec2Error> {
        if network_interface_ids.len() > FILTER_VALUES {
            return self.list(&self.own_sessions()).await;
        }
        let ids: Vec<String> = network_interface_ids.iter().cloned().collect();
        self.list(&[filter("network-interface-id", &ids)]).await
    }

    /// The owner of a target sees the sessions that others made on it: with them one listing tells everything. Where the first of
    /// several pages has more of others than own ones, they would cost more pages than they save.
    async fn ask_listing(&self) -> Result<Listing, Ec2Error> {
        let is_own = |session: &MirrorSession| self.is_own(session);
        let mostly_own =
            |page: &[MirrorSession]| page.iter().filter(|it| is_own(it)).count() * 2 >= page.len();
        let (found, told_others) = match self.list_if(&[], mostly_own).await? {
            Some(all) => (all, true),
            None => (self.list(&self.own_sessions()).await?, false),
        };
        let (own, others) = found.into_iter().partition(is_own);
        Ok(Listing {
            own: Arc::new(own),
            others: told_others.then_some(others),
        })
    }

    fn is_own(&self, session: &MirrorSession) -> bool {
        let own = self.account_id();
        own.is_empty() || session.owner_id.as_ref().is_none_or(|owner| owner == own)
    }

    fn own_sessions(&self) -> Vec<Filter> {
        match self.account_id() {
            "" => Vec::new(),
            own => vec![filter("owner-id", &[own.to_owned()])],
        }
    }

    /// The sessions for which these filters all hold, in order of their ids.
    async fn list(&self, filters: &[Filter]) -> Result<Vec<MirrorSession>, Ec2Error> {
        let all = self.list_if(filters, |_| true).await?;
        Ok(all.unwrap_or_default())
    }

    /// The same; none where there are several pages and the first one is not `worth_it`.
    async fn list_if(
        &self,
        filters: &[Filter],
        worth_it: impl Fn(&[MirrorSession]) -> bool,
    ) -> Result<Option<Vec<MirrorSession>>, Ec2Error> {
        let action = Action::DescribeTrafficMirrorSessions;
        let filters = sdk_filters(filters);
        let mut sessions = Vec::new();
        let mut pages = Pages::default();
        loop {
            let is_first = pages.token().is_none();
            let call = self.call(action);
            let request = self
                .client()
                .describe_traffic_mirror_sessions()
                .max_results(MAX_RESULTS)
                .set_filters(filters.clone())
                .set_next_token(pages.token());
            let page = call.end(request.customize().interceptor(call.probe()).send().await)?;
            for found in page.traffic_mirror_sessions() {
                sessions.push(self.session(action, Some(found))?);
            }
            if !pages.turn(page.next_token(), || self.incomplete(action, "new page token"))? {
                break;
            }
            if is_first && !worth_it(&sessions) {
                return Ok(None);
            }
        }
        sessions.sort_by(|a: &MirrorSession, b| a.id.cmp(&b.id));
        // What changes between two pages can show twice.
        sessions.dedup_by(|a, b| a.id == b.id);
        Ok(Some(sessions))
    }
}
