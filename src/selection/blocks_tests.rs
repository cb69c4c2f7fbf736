use super::*;

fn problems(block: SelectorBlock) -> Vec<(String, String)> {
    problems_of("selector", block)
}

fn problems_of(name: &str, block: SelectorBlock) -> Vec<(String, String)> {
    let mut diagnostics = Diagnostics::new();
    validate(name, &Attr::Known(vec![Attr::Known(block)]), &mut diagnostics);
    let shown = |d: &Diagnostic| {
        (
            d.summary.clone(),
            d.path.as_ref().map(ToString::to_string).unwrap_or_default(),
        )
    };
    diagnostics.iter().map(shown).collect()
}

fn list(items: &[Attr<String>]) -> Strings {
    Attr::Known(items.to_vec())
}

#[test]
fn bad_blocks_are_named_with_their_path() {
    let vpc = || SelectorBlock {
        vpc_ids: list(&["vpc-1".into()]),
        ..Default::default()
    };
    let cases = [
        (SelectorBlock::default(), "Empty selector block", "selector[0]"),
        (
            SelectorBlock {
                primary_only: true.into(),
                ..Default::default()
            },
            "Empty selector block",
            "selector[0]",
        ),
        (
            SelectorBlock {
                tags: Attr::Known(BTreeMap::new()),
                ..vpc()
            },
            "Empty tag map",
            "selector[0].tags",
        ),
        (
            SelectorBlock {
                vpc_ids: list(&[]),
                ..Default::default()
            },
            "Empty list",
            "selector[0].vpc_ids",
        ),
        (
            SelectorBlock {
                vpc_ids: list(&["a".into(), "".into()]),
                ..Default::default()
            },
            "Empty string in a list",
            "selector[0].vpc_ids[1]",
        ),
        (
            SelectorBlock {
                vpc_ids: list(&["a".into(), "a".into()]),
                ..Default::default()
            },
            "Repeated value in a list",
            "selector[0].vpc_ids[1]",
        ),
        (
            SelectorBlock {
                vpc_ids: list(&[Attr::Null]),
                ..Default::default()
            },
            "Null value in a list",
            "selector[0].vpc_ids[0]",
        ),
        (
            SelectorBlock {
                instance_state_names: list(&["runing".into()]),
                ..vpc()
            },
            "Unknown instance state",
            "selector[0].instance_state_names[0]",
        ),
        (
            SelectorBlock {
                tags: Attr::Known([("Mirror".into(), Attr::Null)].into()),
                ..Default::default()
            },
            "Null tag value",
            "selector[0].tags[\"Mirror\"]",
        ),
    ];
    for (block, title, path) in cases {
        assert_eq!(problems(block), [(title.to_owned(), path.to_owned())]);
    }
    assert!(problems(vpc()).is_empty());
    let primary = SelectorBlock {
        primary_only: true.into(),
        ..vpc()
    };
    assert!(problems(primary.clone()).is_empty());
    let refused = ("primary_only in an exclude block", "exclude[0].primary_only");
    let refused = (refused.0.to_owned(), refused.1.to_owned());
    assert_eq!(problems_of("exclude", primary), [refused]);
}

#[test]
fn what_is_unknown_is_no_error_and_no_selector() {
    let block = SelectorBlock {
        vpc_ids: list(&[Attr::Unknown]),
        ..Default::default()
    };
    assert!(problems(block.clone()).is_empty());
    assert_eq!(selectors(&Attr::Known(vec![Attr::Known(block)])), None);
    assert_eq!(selectors(&Attr::Unknown), None);
    assert_eq!(selectors(&Attr::Null), Some(vec![]));
}
