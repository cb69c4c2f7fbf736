use super::*;

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, Attr<String>> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Attr::from(*value)))
        .collect()
}

fn list(words: &[&str]) -> Attr<Vec<Attr<String>>> {
    Attr::Known(words.iter().map(|word| Attr::from(*word)).collect())
}

fn defaults(pairs: &[(&str, &str)]) -> Attr<DefaultTagsBlock> {
    let tags = Attr::Known(tags(pairs));
    DefaultTagsBlock { tags }.into()
}

fn ignore(keys: &[&str], key_prefixes: &[&str]) -> Attr<IgnoreTagsBlock> {
    let (keys, key_prefixes) = (list(keys), list(key_prefixes));
    IgnoreTagsBlock { keys, key_prefixes }.into()
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn policy(defaults: &Attr<DefaultTagsBlock>, ignored: &Attr<IgnoreTagsBlock>) -> TagPolicy {
    TagPolicy::new(defaults, ignored, [])
}

#[test]
fn the_resource_wins_and_what_is_ignored_is_left_out() {
    let policy = policy(
        &defaults(&[
            ("team", "net"),
            ("stage", "live"),
            ("owner", "x"),
            ("cost:a", "1"),
        ]),
        &ignore(&["owner"], &["cost:"]),
    );
    let own = Attr::Known(tags(&[("team", "sec"), ("cost:b", "2"), ("stage", "live")]));
    assert_eq!(
        policy.all(&own),
        Attr::Known(tags(&[("stage", "live"), ("team", "sec")]))
    );
    assert_eq!(
        policy.all(&Attr::Null),
        Attr::Known(tags(&[("stage", "live"), ("team", "net")]))
    );
    assert!(policy.is_default("team", "net") && !policy.is_default("team", "sec"));
}

#[test]
fn what_is_not_known_makes_the_keys_unknown() {
    let known = defaults(&[("team", "net")]);
    assert_eq!(policy(&known, &Attr::Null).all(&Attr::Unknown), Attr::Unknown);
    assert_eq!(
        policy(&Attr::Unknown, &Attr::Null).all(&Attr::Null),
        Attr::Unknown
    );
    let late = IgnoreTagsBlock {
        keys: Attr::Known(vec![Attr::Unknown]),
        ..Default::default()
    };
    let late = policy(&known, &late.into());
    assert_eq!(late.all(&Attr::Null), Attr::Unknown);
    assert!(late.ignored().contains("anything"));
    assert_eq!(TagPolicy::default().all(&Attr::Null), Attr::Unknown);
    // One value that comes later is one unknown value.
    let mut some = tags(&[("team", "net")]);
    some.insert("run".into(), Attr::Unknown);
    let block = DefaultTagsBlock {
        tags: Attr::Known(some.clone()),
    };
    assert_eq!(
        policy(&block.into(), &Attr::Null).all(&Attr::Null),
        Attr::Known(some)
    );
}

#[test]
fn the_environment_gives_defaults_and_more_to_ignore() {
    let environment = environment(&[
        ("TF_AWS_DEFAULT_TAGS_team", "environment"),
        ("TF_AWS_DEFAULT_TAGS_stage", "environment"),
        ("TF_AWS_DEFAULT_TAGS_", "no key"),
        ("TF_AWS_IGNORE_TAGS_KEYS", "owner, ,stray"),
        ("TF_AWS_IGNORE_TAGS_KEY_PREFIXES", "cost:"),
    ]);
    let policy = TagPolicy::new(
        &defaults(&[("team", "block")]),
        &ignore(&["mine"], &[]),
        environment,
    );
    assert_eq!(
        policy.all(&Attr::Null),
        Attr::Known(tags(&[("stage", "environment"), ("team", "block")]))
    );
    let ignored = policy.ignored();
    for (key, expected) in [
        ("owner", true),
        ("stray", true),
        ("mine", true),
        ("cost:x", true),
        ("team", false),
    ] {
        assert_eq!(ignored.contains(key), expected, "{key}");
    }
}

#[test]
fn reserved_keys_are_refused_where_they_stand() {
    let paths = |diagnostics: &Diagnostics| -> Vec<String> {
        let path = |d: &Diagnostic| d.path.as_ref().map(ToString::to_string).unwrap_or_default();
        diagnostics.iter().map(path).collect()
    };
    for key in ["", "aws:x", "mirror:x"] {
        let mut diagnostics = Diagnostics::new();
        let block = DefaultTagsBlock {
            tags: Attr::Known(tags(&[(key, "v")])),
        };
        block.validate(&mut diagnostics);
        assert_eq!(paths(&diagnostics), [format!("default_tags.tags[{key:?}]")]);
    }
    for (keys, prefixes, expected) in [
        (vec!["mirror:coverage"], vec![], vec!["ignore_tags.keys"]),
        (vec![], vec!["mirror:"], vec!["ignore_tags.key_prefixes"]),
        (vec![], vec![""], vec!["ignore_tags.key_prefixes"]),
        (vec!["mirror", ""], vec!["aws:", "mirrored"], vec![]),
    ] {
        let mut diagnostics = Diagnostics::new();
        let block = ignore(&keys, &prefixes);
        block.known().unwrap().validate(&mut diagnostics);
        assert_eq!(paths(&diagnostics), expected);
    }
    let mut diagnostics = Diagnostics::new();
    let wrong = environment(&[
        ("TF_AWS_DEFAULT_TAGS_mirror:x", "1"),
        ("TF_AWS_IGNORE_TAGS_KEYS", "mirror:coverage-id"),
    ]);
    TagPolicy::new(&Attr::Null, &Attr::Null, wrong).validate(&mut diagnostics);
    assert_eq!(diagnostics.iter().count(), 2);
}
