//! What the provider says it has, and what it says to those who ask for more.

use super::client::{running, texts};
use crate::proto::tfplugin6 as proto;

fn attribute(name: &str, kind: &str, flags: &str, description: &str) -> proto::schema::Attribute {
    proto::schema::Attribute {
        name: name.to_owned(),
        r#type: kind.as_bytes().to_vec(),
        description: description.to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
        required: flags.contains("required"),
        optional: flags.contains("optional"),
        computed: flags.contains("computed"),
        sensitive: flags.contains("sensitive"),
        ..Default::default()
    }
}

fn nested(
    attribute: proto::schema::Attribute,
    nesting: proto::schema::object::NestingMode,
    attributes: Vec<proto::schema::Attribute>,
) -> proto::schema::Attribute {
    let object = proto::schema::Object {
        attributes,
        nesting: nesting.into(),
        ..Default::default()
    };
    proto::schema::Attribute {
        nested_type: Some(object),
        ..attribute
    }
}

fn block(
    version: i64,
    description: &str,
    attributes: Vec<proto::schema::Attribute>,
    block_types: Vec<proto::schema::NestedBlock>,
) -> Option<proto::schema::Block> {
    Some(proto::schema::Block {
        version,
        attributes,
        block_types,
        description: description.to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
        ..Default::default()
    })
}

#[tokio::test]
async fn the_schema_on_the_wire() {
    use proto::schema::nested_block::NestingMode as Blocks;
    use proto::schema::object::NestingMode as Objects;
    let mut client = running().await.client;
    let answer = client
        .get_provider_schema(proto::get_provider_schema::Request {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&answer.diagnostics), Vec::<&str>::new());
    let capabilities = answer.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(!capabilities.move_resource_state && !capabilities.generate_resource_config);
    let provider = block(
        0,
        "The provider block.",
        vec![attribute("region", r#""string""#, "optional", "Region.")],
        vec![],
    );
    assert_eq!(
        answer.provider,
        Some(proto::Schema {
            version: 0,
            block: provider
        })
    );

    let attributes = vec![
        attribute(
            "name",
            r#""string""#,
            "required",
            "Name of the sample, in two lines of source that are one sentence.",
        ),
        attribute("enabled", r#""bool""#, "optional", "Whether it is on."),
        attribute("session_number", r#""number""#, "optional", "A number."),
        attribute("weight", r#""number""#, "optional", "A number of any size."),
        attribute("target_ids", r#"["list","string"]"#, "optional", "Ids."),
        attribute("zones", r#"["set","string"]"#, "optional", "A set."),
        attribute("tags", r#"["map","string"]"#, "optional", "Tags."),
        nested(
            attribute("placement", "", "optional", "An optional nested object."),
            Objects::Single,
            vec![
                attribute("strategy", r#""string""#, "required", "How."),
                attribute("limit", r#""number""#, "optional", "How much."),
            ],
        ),
        attribute("override", r#""string""#, "optional", "Called like a keyword."),
        attribute("region", r#""string""#, "optional computed", "Where it is."),
        attribute(
            "sessions",
            r#"["map",["object",{"id":"string","number":"number"}]]"#,
            "computed",
            "What was made.\n\nThe fields of each:\n\n- `id`: Id of the session.\n- `number`: Its number.",
        ),
        attribute("selection", r#""string""#, "computed sensitive", "A secret."),
    ];
    let selector = vec![
        attribute("tags", r#"["map","string"]"#, "optional", "Tags."),
        attribute("ids", r#"["list","string"]"#, "optional", "Ids."),
    ];
    let blocks = vec![
        proto::schema::NestedBlock {
            type_name: "selector".to_owned(),
            block: block(0, "What it selects.", selector, vec![]),
            nesting: Blocks::List.into(),
            min_items: 1,
            max_items: 3,
        },
        proto::schema::NestedBlock {
            type_name: "timeouts".to_owned(),
            block: block(
                0,
                "Time limits.",
                vec![attribute("create", r#""string""#, "optional", "Of a create.")],
                vec![],
            ),
            nesting: Blocks::Single.into(),
            min_items: 0,
            max_items: 0,
        },
    ];
    let description = "A sample of a resource.\n\nIts second paragraph.";
    let wanted = proto::Schema {
        version: 2,
        block: block(2, description, attributes, blocks),
    };
    assert_eq!(answer.resource_schemas["toy_thing"], wanted);
    assert_eq!(answer.resource_schemas.len(), 1);

    let look_up = vec![
        attribute("key", r#""string""#, "required", "Key."),
        attribute("answer", r#""string""#, "computed", "Answer."),
    ];
    let wanted = proto::Schema {
        version: 0,
        block: block(0, "What was looked up.", look_up, vec![]),
    };
    assert_eq!(answer.data_source_schemas["toy_oracle"], wanted);
}

#[tokio::test]
async fn names_and_identities() {
    let mut client = running().await.client;
    let answer = client
        .get_metadata(proto::get_metadata::Request {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.resources[0].type_name, "toy_thing");
    assert_eq!(answer.data_sources[0].type_name, "toy_oracle");
    let answer = client
        .get_resource_identity_schemas(proto::get_resource_identity_schemas::Request {})
        .await
        .unwrap()
        .into_inner();
    let identity = &answer.identity_schemas["toy_thing"];
    let attribute =
        |name: &str, required: bool, description: &str| proto::resource_identity_schema::IdentityAttribute {
            name: name.to_owned(),
            r#type: br#""string""#.to_vec(),
            required_for_import: required,
            optional_for_import: !required,
            description: description.to_owned(),
        };
    assert_eq!(identity.version, 0);
    assert_eq!(
        identity.identity_attributes,
        [
            attribute("name", true, "Name."),
            attribute("region", false, "Region.")
        ]
    );
}

#[tokio::test]
async fn data_sources() {
    let mut client = running().await.client;
    let config = |key: &str| {
        let msgpack = [
            b"\x82\xa6answer\xc0\xa3key",
            &[0xa0 + u8::try_from(key.len()).unwrap()][..],
            key.as_bytes(),
        ];
        Some(proto::DynamicValue {
            msgpack: msgpack.concat(),
            json: Vec::new(),
        })
    };
    let type_name = "toy_oracle".to_owned();
    let request = proto::validate_data_resource_config::Request {
        type_name: type_name.clone(),
        config: config(""),
    };
    let answer = client
        .validate_data_resource_config(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&answer.diagnostics), ["Empty key"]);
    for (key, summaries, state) in [
        ("x", vec![], Some(&b"\x82\xa6answer\xa242\xa3key\xa1x"[..])),
        ("panic", vec!["The provider has a bug"], None),
    ] {
        let config = config(key);
        let request = proto::read_data_source::Request {
            type_name: type_name.clone(),
            config,
            ..Default::default()
        };
        let answer = client.read_data_source(request).await.unwrap().into_inner();
        assert_eq!(texts(&answer.diagnostics), summaries);
        assert_eq!(answer.state.as_ref().map(|state| state.msgpack.as_slice()), state);
    }
}

/// Each method of the protocol that this provider has nothing for answers with one error, and no method is missing.
#[tokio::test]
async fn what_is_not_offered_is_answered() {
    let mut client = running().await.client;
    macro_rules! refuses {
        ($($method:ident $module:ident),* $(,)?) => {$(
            let answer = client.$method(proto::$module::Request::default()).await.unwrap().into_inner();
            assert_eq!(answer.diagnostics.len(), 1, stringify!($method));
            assert_eq!(answer.diagnostics[0].severity, i32::from(proto::diagnostic::Severity::Error));
        )*};
    }
    refuses! {
        validate_resource_config validate_resource_config,
        upgrade_resource_state upgrade_resource_state,
        read_resource read_resource,
        plan_resource_change plan_resource_change,
        apply_resource_change apply_resource_change,
        import_resource_state import_resource_state,
        generate_resource_config generate_resource_config,
        move_resource_state move_resource_state,
        upgrade_resource_identity upgrade_resource_identity,
        validate_data_resource_config validate_data_resource_config,
        read_data_source read_data_source,
        validate_list_resource_config validate_list_resource_config,
        validate_action_config validate_action_config,
        plan_action plan_action,
        validate_ephemeral_resource_config validate_ephemeral_resource_config,
        open_ephemeral_resource open_ephemeral_resource,
        renew_ephemeral_resource renew_ephemeral_resource,
        close_ephemeral_resource close_ephemeral_resource,
        validate_state_store_config validate_state_store,
        configure_state_store configure_state_store,
        lock_state lock_state,
        unlock_state unlock_state,
        get_states get_states,
        delete_state delete_state,
    }
    let answer = client
        .call_function(proto::call_function::Request::default())
        .await
        .unwrap()
        .into_inner();
    assert!(answer.error.unwrap().text.contains("no function"));

    let mut events = client
        .list_resource(proto::list_resource::Request::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(events.message().await.unwrap().unwrap().diagnostic.len(), 1);
    assert_eq!(events.message().await.unwrap(), None);
    let mut events = client
        .invoke_action(proto::invoke_action::Request::default())
        .await
        .unwrap()
        .into_inner();
    let Some(proto::invoke_action::event::Type::Completed(completed)) =
        events.message().await.unwrap().unwrap().r#type
    else {
        panic!("not completed")
    };
    assert_eq!(completed.diagnostics.len(), 1);
    let mut chunks = client
        .read_state_bytes(proto::read_state_bytes::Request::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(chunks.message().await.unwrap().unwrap().diagnostics.len(), 1);
    let chunks = futures::stream::iter([proto::write_state_bytes::RequestChunk::default()]);
    let answer = client.write_state_bytes(chunks).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics.len(), 1);
}
