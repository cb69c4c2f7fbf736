//! Which traffic mirror target an interface's session goes to.

use std::collections::BTreeMap;

/// Assigns a target to each new interface so that the coverage's own load is even. `targets` in the order of the
/// configuration, which breaks ties; `load` counts the sessions that stay where they are.
///
/// Sessions that exist are never passed in: adding an instance or a target moves none.
pub fn place<'a>(
    targets: &[&'a str],
    load: &BTreeMap<&str, usize>,
    new: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<&'a str, &'a str> {
    let mut loads: Vec<(usize, &str)> = targets
        .iter()
        .map(|target| (load.get(target).copied().unwrap_or(0), *target))
        .collect();
    let mut placed = BTreeMap::new();
    for interface in new {
        // min_by_key takes the first of equals, so the order of the configuration decides.
        if let Some(least) = loads.iter_mut().min_by_key(|(count, _)| *count) {
            least.0 += 1;
            placed.insert(interface, least.1);
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_sources_on_three_targets_end_even() {
        let placed = place(
            &["t1", "t2", "t3"],
            &BTreeMap::new(),
            ["a", "b", "c", "d", "e", "f"],
        );
        for target in ["t1", "t2", "t3"] {
            assert_eq!(placed.values().filter(|t| **t == target).count(), 2, "{target}");
        }
    }

    #[test]
    fn what_is_there_counts() {
        let placed = place(&["t1", "t2"], &BTreeMap::from([("t1", 2)]), ["a", "b", "c"]);
        assert_eq!(placed, BTreeMap::from([("a", "t2"), ("b", "t2"), ("c", "t1")]));
        assert!(place(&[], &BTreeMap::new(), ["a"]).is_empty());
    }
}
