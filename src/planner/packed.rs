//! Rows of interfaces that are selected, in fewer bytes: ids look like noise, so each costs what it is long wherever it stands again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Fleet, Member, Row};

/// Marks a key that is the place of an interface among those that are selected; no id begins so.
const PLACE: char = '#';

impl Fleet {
    /// The fleet as it is written down.
    pub(super) fn packed(&self) -> Cow<'_, Self> {
        if self.adoptable.is_empty() && self.intended.is_empty() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self {
            adoptable: packed(&self.interfaces, &self.adoptable),
            intended: packed(&self.interfaces, &self.intended),
            ..self.clone()
        })
    }

    /// The fleet that was written down so.
    pub(super) fn unpacked(mut self) -> Self {
        self.adoptable = unpacked(&self.interfaces, self.adoptable);
        self.intended = unpacked(&self.interfaces, self.intended);
        self
    }
}

/// Where an interface is selected, its place says which it is, and what its instance is.
fn packed(interfaces: &BTreeMap<String, Member>, rows: &BTreeMap<String, Row>) -> BTreeMap<String, Row> {
    let places: BTreeMap<&String, usize> = interfaces.keys().zip(0..).collect();
    let short = |(id, row): (&String, &Row)| {
        let same = interfaces
            .get(id)
            .filter(|member| member.instance_id == row.instance_id);
        match same.and_then(|_| places.get(id)) {
            // As many digits as most need, so that one place is like the next.
            Some(place) => (
                format!("{PLACE}{place:05}"),
                Row {
                    instance_id: None,
                    ..row.clone()
                },
            ),
            None => (id.clone(), row.clone()),
        }
    };
    rows.iter().map(short).collect()
}

fn unpacked(interfaces: &BTreeMap<String, Member>, rows: BTreeMap<String, Row>) -> BTreeMap<String, Row> {
    let is_place = |key: &String| key.starts_with(PLACE);
    if !rows.keys().any(is_place) {
        return rows;
    }
    let selected: Vec<(&String, &Member)> = interfaces.iter().collect();
    let long = |(key, row): (String, Row)| {
        let place = key
            .strip_prefix(PLACE)
            .and_then(|place| place.parse::<usize>().ok());
        match place.and_then(|place| selected.get(place)) {
            Some((id, member)) => (
                (*id).clone(),
                Row {
                    instance_id: member.instance_id.clone(),
                    ..row
                },
            ),
            None => (key, row),
        }
    };
    rows.into_iter().map(long).collect()
}
