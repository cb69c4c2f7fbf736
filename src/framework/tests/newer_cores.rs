//! Functions, queries and actions, over a real socket.

use super::client::{THING, decode, encode, running, texts};
use super::newer::Which;
use super::sample::{Sample, SampleIdentity};
use crate::framework::{Type, Value, decode_msgpack, encode_msgpack};
use crate::proto::tfplugin6 as proto;

fn which(which: &str) -> Option<proto::DynamicValue> {
    encode(&Which { which: which.into() })
}

fn argument(value: &Value, kind: &Type) -> proto::DynamicValue {
    proto::DynamicValue {
        msgpack: encode_msgpack(value, kind).unwrap(),
        json: Vec::new(),
    }
}

fn call(arguments: Vec<proto::DynamicValue>) -> proto::call_function::Request {
    proto::call_function::Request {
        name: "repeat".to_owned(),
        arguments,
    }
}

#[tokio::test]
async fn what_is_offered() {
    let mut client = running().await.client;
    let metadata = client
        .get_metadata(proto::get_metadata::Request {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(metadata.functions[0].name, "repeat");
    assert_eq!(metadata.list_resources[0].type_name, THING);
    assert_eq!(metadata.actions[0].type_name, "toy_shout");
    let schemas = client
        .get_provider_schema(proto::get_provider_schema::Request {})
        .await
        .unwrap()
        .into_inner();
    let block = schemas.list_resource_schemas[THING].block.clone().unwrap();
    assert_eq!(block.attributes[0].name, "which");
    let action = schemas.action_schemas["toy_shout"].schema.clone().unwrap();
    assert_eq!(action.block.unwrap().attributes[0].name, "which");

    let functions = client
        .get_functions(proto::get_functions::Request {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(functions.functions, schemas.functions);
    let repeat = &functions.functions["repeat"];
    let parameters: Vec<(&str, &[u8], &str)> = repeat
        .parameters
        .iter()
        .map(|parameter| {
            assert!(!parameter.allow_null_value && !parameter.allow_unknown_values);
            (
                parameter.name.as_str(),
                &parameter.r#type[..],
                parameter.description.as_str(),
            )
        })
        .collect();
    assert_eq!(
        parameters,
        [
            ("word", &b"\"string\""[..], "What to say."),
            ("times", b"\"number\"", "How often."),
            ("context", b"\"dynamic\"", "Anything."),
        ]
    );
    let returns = &repeat.r#return.as_ref().unwrap().r#type;
    assert_eq!(
        returns.as_slice(),
        br#"["object",{"context":"string","words":["list","string"]}]"#
    );
    assert_eq!(repeat.summary, "A word, repeated");
    assert_eq!(repeat.description, "Says a word again and again.");
}

#[tokio::test]
async fn a_function_gives_a_value_or_names_the_argument() {
    let mut client = running().await.client;
    let word = argument(&Value::from("ho"), &Type::String);
    let context = argument(&Value::List(vec![Value::from("x")]), &Type::Dynamic);
    let number = |number: i64| argument(&Value::Number(number.into()), &Type::Number);
    let answer = client
        .call_function(call(vec![word.clone(), number(2), context.clone()]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.error, None);
    let kind = Type::from_json(br#"["object",{"context":"string","words":["list","string"]}]"#).unwrap();
    let value = decode_msgpack(&answer.result.unwrap().msgpack, &kind).unwrap();
    let wanted = Value::Map(
        [
            ("context".to_owned(), Value::from("a list")),
            ("words".to_owned(), Value::List(vec!["ho".into(), "ho".into()])),
        ]
        .into(),
    );
    assert_eq!(value, wanted);

    let half = argument(&Value::Number("0.5".parse().unwrap()), &Type::Number);
    for (arguments, position, words) in [
        (
            vec![word.clone(), number(-1), context.clone()],
            Some(1),
            "Not that often.",
        ),
        (
            vec![word.clone(), half, context.clone()],
            Some(1),
            "Give a value that fits.",
        ),
        (
            vec![word.clone(), word.clone(), context.clone()],
            Some(1),
            "Give a value",
        ),
        (vec![word.clone()], None, "3 arguments"),
        (vec![word, number(100), context], None, "out of breath"),
    ] {
        let answer = client.call_function(call(arguments)).await.unwrap().into_inner();
        assert_eq!(answer.result, None);
        let error = answer.error.unwrap();
        assert_eq!(error.function_argument, position, "{}", error.text);
        assert!(error.text.contains(words), "{}", error.text);
    }
}

fn query(config: &str, include: bool, limit: i64) -> proto::list_resource::Request {
    proto::list_resource::Request {
        type_name: THING.to_owned(),
        config: which(config),
        include_resource_object: include,
        limit,
    }
}

#[tokio::test]
async fn a_query_streams_identities_up_to_its_limit() {
    let mut client = running().await.client;
    for (config, include, limit, wanted) in [
        ("3", false, 100, 3),
        ("3", true, 2, 2),
        ("0", false, 100, 0),
        ("3", false, 0, 0),
    ] {
        let request = query(config, include, limit);
        let mut events = client.list_resource(request).await.unwrap().into_inner();
        let mut seen = 0;
        while let Some(event) = events.message().await.unwrap() {
            assert_eq!(texts(&event.diagnostic), Vec::<&str>::new());
            let identity: SampleIdentity = decode(event.identity.unwrap().identity_data).unwrap();
            assert_eq!(identity.name, format!("thing-{seen}").into());
            assert_eq!(event.display_name, format!("Thing {seen}"));
            let resource = event
                .resource_object
                .map(|object| decode::<Sample>(Some(object)).unwrap());
            assert_eq!(resource.is_some(), include);
            assert!(resource.is_none_or(|resource| resource.name == identity.name));
            seen += 1;
        }
        assert_eq!(seen, wanted, "{config} {limit}");
    }
}

#[tokio::test]
async fn a_query_that_fails_says_so_after_what_it_found() {
    let mut client = running().await.client;
    for (config, found, summary) in [("error", 1, "It failed"), ("panic", 0, "The provider has a bug")] {
        let request = query(config, false, 100);
        let mut events = client.list_resource(request).await.unwrap().into_inner();
        for _ in 0..found {
            assert!(events.message().await.unwrap().unwrap().identity.is_some());
        }
        let last = events.message().await.unwrap().unwrap();
        assert_eq!((texts(&last.diagnostic), last.identity), (vec![summary], None));
        assert_eq!(events.message().await.unwrap(), None);
    }
    let validated = client
        .validate_list_resource_config(proto::validate_list_resource_config::Request {
            type_name: THING.to_owned(),
            config: which(""),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&validated.diagnostics), ["Which?"]);
}

#[tokio::test]
async fn a_query_stops_when_it_is_told_to_and_when_nobody_reads() {
    let mut running = running().await;
    let client = &mut running.client;
    let mut events = client
        .list_resource(query("wait", false, 100))
        .await
        .unwrap()
        .into_inner();
    assert!(events.message().await.unwrap().unwrap().identity.is_some());
    running.started.notified().await;
    client
        .stop_provider(proto::stop_provider::Request {})
        .await
        .unwrap();
    let last = events.message().await.unwrap().unwrap();
    assert_eq!(texts(&last.diagnostic), ["Interrupted"]);
    assert_eq!(events.message().await.unwrap(), None);

    let mut events = client
        .list_resource(query("endless", false, i64::MAX))
        .await
        .unwrap()
        .into_inner();
    assert!(events.message().await.unwrap().is_some());
    drop(events);
    running.started.notified().await;
}

async fn invoke(
    client: &mut proto::provider_client::ProviderClient<tonic::transport::Channel>,
    config: &str,
) -> tonic::Streaming<proto::invoke_action::Event> {
    let request = proto::invoke_action::Request {
        action_type: "toy_shout".to_owned(),
        config: which(config),
        ..Default::default()
    };
    client.invoke_action(request).await.unwrap().into_inner()
}

/// What an action says until it is completed, and its diagnostics.
async fn ending(mut events: tonic::Streaming<proto::invoke_action::Event>) -> (Vec<String>, Vec<String>) {
    use proto::invoke_action::event::Type;
    let mut said = Vec::new();
    loop {
        match events.message().await.unwrap().unwrap().r#type.unwrap() {
            Type::Progress(progress) => said.push(progress.message),
            Type::Completed(completed) => {
                assert_eq!(events.message().await.unwrap(), None, "it comes last");
                let summaries = texts(&completed.diagnostics);
                return (said, summaries.into_iter().map(str::to_owned).collect());
            }
        }
    }
}

#[tokio::test]
async fn an_action_is_announced_and_tells_its_progress() {
    let mut running = running().await;
    let client = &mut running.client;
    let judged = client
        .validate_action_config(proto::validate_action_config::Request {
            type_name: "toy_shout".to_owned(),
            config: which(""),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&judged.diagnostics), ["Shout what?"]);
    let unknown = encode(&Which {
        which: crate::framework::Attr::Unknown,
    });
    for (config, summaries) in [(which("ho"), vec!["Will shout Some(\"ho\")"]), (unknown, vec![])] {
        let request = proto::plan_action::Request {
            action_type: "toy_shout".to_owned(),
            config,
            ..Default::default()
        };
        let planned = client.plan_action(request).await.unwrap().into_inner();
        assert_eq!(texts(&planned.diagnostics), summaries);
    }
    let (said, summaries) = ending(invoke(client, "ho").await).await;
    assert_eq!(said, ["shouting ho", "shouted"]);
    assert_eq!(summaries, ["It echoes"]);
    let (said, summaries) = ending(invoke(client, "panic").await).await;
    assert_eq!(said, ["shouting panic"]);
    assert_eq!(summaries, ["The provider has a bug"]);

    let events = invoke(client, "wait").await;
    running.started.notified().await;
    client
        .stop_provider(proto::stop_provider::Request {})
        .await
        .unwrap();
    let (said, summaries) = ending(events).await;
    assert_eq!(
        said,
        ["shouting wait"],
        "core panics on what comes behind a line after a stop"
    );
    assert_eq!(summaries, ["Interrupted"]);
}
