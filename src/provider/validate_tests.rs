use super::super::roles::{AssumeRoleBlock, WebIdentityBlock};
use super::*;

fn problems(change: impl FnOnce(&mut ProviderModel)) -> Vec<String> {
    let mut model = ProviderModel::default();
    change(&mut model);
    let mut diagnostics = Diagnostics::new();
    model.without_empty().validate(&mut diagnostics);
    diagnostics
        .iter()
        .map(|d| d.path.as_ref().map(ToString::to_string).unwrap_or_default())
        .collect()
}

fn texts(words: &[&str]) -> Texts {
    Attr::Known(words.iter().map(|word| Attr::from(*word)).collect())
}

fn role(change: impl FnOnce(&mut AssumeRoleBlock)) -> Attr<Vec<Attr<AssumeRoleBlock>>> {
    let mut role = AssumeRoleBlock {
        role_arn: "arn:aws:iam::111122223333:role/path/reader".into(),
        ..Default::default()
    };
    change(&mut role);
    Attr::Known(vec![role.into()])
}

#[test]
fn bad_arguments_are_named() {
    assert_eq!(problems(|_| ()), [""; 0]);
    assert_eq!(problems(|m| m.region = "Ireland".into()), ["region"]);
    assert_eq!(problems(|m| m.sts_region = "Ireland".into()), ["sts_region"]);
    assert_eq!(problems(|m| m.access_key = "AKIA".into()), ["access_key"]);
    assert_eq!(problems(|m| m.token = "t".into()), ["token"]);
    let endpoints = EndpointsBlock {
        ec2: "localhost:80".into(),
        ..Default::default()
    };
    assert_eq!(problems(|m| m.endpoints = endpoints.into()), ["endpoints.ec2"]);
    assert_eq!(
        problems(|m| m.shared_config_files = texts(&["a", ""])),
        ["shared_config_files[1]"]
    );
    assert_eq!(problems(|m| m.http_proxy = "host:80".into()), ["http_proxy"]);
    assert_eq!(problems(|m| m.https_proxy = "".into()), [""; 0]);
    assert_eq!(problems(|m| m.max_retries = (-1).into()), ["max_retries"]);
    assert_eq!(problems(|m| m.max_retries = 0.into()), [""; 0]);
    assert_eq!(problems(|m| m.retry_mode = "legacy".into()), ["retry_mode"]);
    assert_eq!(
        problems(|m| m.ec2_metadata_service_endpoint_mode = "v6".into()),
        ["ec2_metadata_service_endpoint_mode"]
    );
    assert_eq!(
        problems(|m| m.skip_metadata_api_check = "yes".into()),
        ["skip_metadata_api_check"]
    );
    for good in ["true", "False", "0"] {
        assert_eq!(problems(|m| m.skip_metadata_api_check = good.into()), [""; 0]);
    }
    let products = texts(&["ci/1.0 (nightly; #7)", "ci"]);
    assert_eq!(problems(|m| m.user_agent = products), [""; 0]);
    for bad in ["", " ", "a\r\nHost: b", "b\u{fc}ro/1"] {
        let products = texts(&["ci", bad]);
        assert_eq!(
            problems(|m| m.user_agent = products),
            ["user_agent[1]"],
            "{bad:?}"
        );
    }
}

#[test]
fn empty_texts_are_not_set() {
    let empty = |m: &mut ProviderModel| {
        for text in [
            &mut m.region,
            &mut m.sts_region,
            &mut m.profile,
            &mut m.access_key,
            &mut m.secret_key,
            &mut m.token,
            &mut m.custom_ca_bundle,
            &mut m.retry_mode,
            &mut m.ec2_metadata_service_endpoint,
            &mut m.ec2_metadata_service_endpoint_mode,
            &mut m.skip_metadata_api_check,
        ] {
            *text = "".into();
        }
        let endpoints = EndpointsBlock {
            ec2: "".into(),
            sts: "".into(),
            elbv2: "".into(),
        };
        m.endpoints = endpoints.into();
        m.assume_role = role(|r| r.role_arn = "".into());
        let identity = WebIdentityBlock {
            role_arn: "".into(),
            web_identity_token: "t".into(),
            web_identity_token_file: "".into(),
            ..Default::default()
        };
        m.assume_role_with_web_identity = identity.into();
    };
    assert_eq!(problems(empty), [""; 0]);
    // A key alone is half of a pair all the same.
    let half = |m: &mut ProviderModel| {
        m.access_key = "AKIA".into();
        m.secret_key = "".into();
    };
    assert_eq!(problems(half), ["access_key"]);
}

#[test]
fn a_role_without_its_arn() {
    let without = || AssumeRoleBlock::default();
    let roles = |roles: Vec<AssumeRoleBlock>| {
        move |m: &mut ProviderModel| {
            m.assume_role = Attr::Known(roles.into_iter().map(Attr::from).collect());
        }
    };
    assert_eq!(problems(roles(vec![without()])), [""; 0]);
    assert_eq!(
        problems(roles(vec![without(), without()])),
        ["assume_role[0]", "assume_role[1]"]
    );
}

#[test]
fn a_region_of_another_cloud() {
    let model = |skip: bool| {
        move |m: &mut ProviderModel| {
            m.region = "moon".into();
            m.skip_region_validation = skip.into();
        }
    };
    assert_eq!(problems(model(true)), [""; 0]);
    assert_eq!(problems(model(false)), ["region"]);
}

#[test]
fn accounts() {
    assert_eq!(
        problems(|m| m.allowed_account_ids = texts(&["111122223333"])),
        [""; 0]
    );
    assert_eq!(
        problems(|m| m.allowed_account_ids = texts(&["11112222333"])),
        ["allowed_account_ids"]
    );
    let null = || Attr::Known(vec![Attr::from("111122223333"), Attr::Null]);
    assert_eq!(
        problems(|m| m.allowed_account_ids = null()),
        ["allowed_account_ids"]
    );
    assert_eq!(
        problems(|m| m.forbidden_account_ids = null()),
        ["forbidden_account_ids"]
    );
    let both = |m: &mut ProviderModel| {
        m.allowed_account_ids = texts(&["111122223333"]);
        m.forbidden_account_ids = texts(&["444455556666"]);
    };
    assert_eq!(problems(both), ["forbidden_account_ids"]);
    let blind = |m: &mut ProviderModel| {
        m.forbidden_account_ids = texts(&["444455556666"]);
        m.skip_credentials_validation = true.into();
        m.skip_requesting_account_id = true.into();
    };
    assert_eq!(problems(blind), ["forbidden_account_ids"]);
}

#[test]
fn roles() {
    assert_eq!(problems(|m| m.assume_role = role(|_| ())), [""; 0]);
    for (change, path) in [
        (
            (|r| r.role_arn = "reader".into()) as fn(&mut AssumeRoleBlock),
            ".role_arn",
        ),
        (
            |r| r.role_arn = "arn:aws:iam::111122223333:user/x".into(),
            ".role_arn",
        ),
        (|r| r.session_name = "a b".into(), ".session_name"),
        (|r| r.session_name = "x".into(), ".session_name"),
        (|r| r.duration = "14m59s".into(), ".duration"),
        (|r| r.duration = "12h1s".into(), ".duration"),
        (|r| r.duration = "soon".into(), ".duration"),
        (|r| r.external_id = "".into(), ".external_id"),
        (|r| r.policy_arns = Attr::Known(vec![Attr::Null]), ".policy_arns"),
        (
            |r| r.transitive_tag_keys = Attr::Known(vec!["a".into(), Attr::Null]),
            ".transitive_tag_keys",
        ),
        (
            |r| r.tags = Attr::Known([("a".to_owned(), Attr::Null)].into()),
            ".tags[\"a\"]",
        ),
    ] {
        assert_eq!(
            problems(|m| m.assume_role = role(change)),
            [format!("assume_role[0]{path}")]
        );
    }
    assert_eq!(
        problems(|m| m.assume_role = role(|r| r.role_arn = Attr::Unknown)),
        [""; 0]
    );
    let both = WebIdentityBlock {
        web_identity_token: "t".into(),
        web_identity_token_file: "f".into(),
        ..Default::default()
    };
    assert_eq!(
        problems(|m| m.assume_role_with_web_identity = both.into()),
        ["assume_role_with_web_identity.web_identity_token_file"]
    );
}

#[test]
fn unknown_values_are_left_for_later() {
    let unknown = |m: &mut ProviderModel| {
        m.access_key = Attr::Unknown;
        m.secret_key = "s".into();
        m.allowed_account_ids = Attr::Unknown;
        m.http_proxy = Attr::Unknown;
    };
    assert_eq!(problems(unknown), [""; 0]);
}
