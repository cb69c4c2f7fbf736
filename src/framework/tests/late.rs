//! Texts that are made while the answer is sent, over a real socket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use tonic::Code;

use super::client::*;
use crate::framework::model_msgpack::encode_model_in_parts;
use crate::framework::*;
use crate::proto::tfplugin6 as proto;

/// A late text, or a text that came back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Page {
    Text(String),
    #[schemars(skip)]
    Late(Late),
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::Text)
    }
}

/// A shelf. Its attributes are not in the order of their names.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Shelf {
    /// The first page.
    #[schemars(extend("x-terraform" = COMPUTED), with = "String")]
    pub cover: Attr<Page>,
    /// Pages by name.
    #[schemars(extend("x-terraform" = COMPUTED), with = "BTreeMap<String, String>")]
    pub pages: Attr<BTreeMap<String, Attr<Page>>>,
    /// The last page.
    #[schemars(extend("x-terraform" = COMPUTED), with = "String")]
    pub last: Attr<Page>,
    /// A label.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub label: Attr<String>,
    /// What to do.
    #[schemars(extend("x-terraform" = REQUIRED))]
    pub key: Attr<String>,
    /// A word.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub about: Attr<String>,
}

/// A page that says what `say` makes of the number of times it was made before.
fn page(say: impl Fn(usize) -> Result<String, String> + Send + Sync + 'static) -> Attr<Page> {
    let made = AtomicUsize::new(0);
    let late = Late::new(move |out| {
        let text = say(made.fetch_add(1, Ordering::Relaxed))?;
        out.write_all(text.as_bytes()).map_err(|error| error.to_string())
    });
    Attr::Known(Page::Late(late))
}

fn saying(text: impl Into<Arc<str>>) -> Attr<Page> {
    let text = text.into();
    page(move |_| Ok(text.to_string()))
}

fn shelf(lengths: &[usize]) -> Shelf {
    let pages = lengths
        .iter()
        .enumerate()
        .map(|(number, length)| (format!("page {number}"), saying("é".repeat(*length))));
    Shelf {
        key: "long".into(),
        pages: Attr::Known(pages.collect()),
        last: saying("the last"),
        label: "a label".into(),
        cover: saying(""),
        about: "books".into(),
    }
}

pub struct Library;

#[async_trait]
impl DataSource for Library {
    type Model = Shelf;
    const TYPE_NAME: &'static str = "toy_shelf";

    async fn read(&self, request: ReadDataRequest<Shelf>) -> ReadDataResponse<Shelf> {
        let last = match request.config.key.as_str() {
            Some("cannot be made") => page(|_| Err("no ink".to_owned())),
            Some("cannot be made again") => page(|made| match made {
                0 => Ok("ink".to_owned()),
                _ => Err("no more ink".to_owned()),
            }),
            Some("grows") => page(|made| Ok("more".repeat(made + 1))),
            Some("panic") => page(|_| panic!("no paper")),
            Some("too long") => page(|_| Ok("x".repeat(256 << 20))),
            _ => saying("the last"),
        };
        let mut diagnostics = Diagnostics::new();
        if let Some(about) = request.config.about.as_str() {
            diagnostics.warning(about, "It was asked for.");
        }
        ReadDataResponse {
            state: Some(Shelf {
                key: request.config.key,
                last,
                ..shelf(&LENGTHS)
            }),
            diagnostics,
        }
    }
}

/// Of every form that msgpack has for the length of a text, and more than HTTP/2 sends at once.
const LENGTHS: [usize; 7] = [0, 1, 16, 100, 300, 40_000, 3_000_000];

fn request(key: &str, warning: Option<&str>) -> proto::read_data_source::Request {
    let config = Shelf {
        key: key.into(),
        about: warning.map_or(Attr::Null, Into::into),
        ..Shelf::default()
    };
    proto::read_data_source::Request {
        type_name: "toy_shelf".to_owned(),
        config: encode(&config),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_long_answer_arrives_whole() {
    let mut client = running().await.client;
    for warning in [None, Some("A warning")] {
        let answer = client.read_data_source(request("long", warning)).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(texts(&answer.diagnostics), Vec::from_iter(warning));
        assert!(answer.state == encode(&shelf(&LENGTHS)));
    }
}

#[tokio::test]
async fn a_text_that_cannot_be_made_is_a_diagnostic() {
    let mut client = running().await.client;
    for (key, summary, detail) in [
        ("cannot be made", "Unsuitable value", "no ink"),
        ("panic", "The provider has a bug", "no paper"),
    ] {
        let answer = client.read_data_source(request(key, None)).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!(texts(&answer.diagnostics), [summary]);
        assert!(answer.diagnostics[0].detail.contains(detail), "{key}");
        assert_eq!(answer.state, None);
    }
}

/// Never an answer with a part missing.
#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    let mut client = running().await.client;
    for key in ["cannot be made again", "grows"] {
        let error = client.read_data_source(request(key, None)).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{key}: {error}");
    }
    let error = client
        .read_data_source(request("too long", None))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange, "{error}");
    // And the connection goes on.
    assert!(client.read_data_source(request("long", None)).await.is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn parts_are_the_whole(lengths in prop::collection::vec(0_usize..70_000, 0..5)) {
        let schema = schema_of::<Shelf>(0).unwrap();
        let kind = schema.implied_type();
        let model = shelf(&lengths);
        let parts = encode_model_in_parts(&model, &schema, &kind).unwrap().msgpack;
        let whole = encode_model(&model, &schema, &kind).unwrap().msgpack;
        prop_assert_eq!(parts.length(), whole.len());
        let parts: Result<Vec<_>, _> = parts.into_iter().collect();
        let parts = parts.unwrap();
        prop_assert!(parts.len() > 1);
        prop_assert!(parts.concat() == whole);
        let value = to_value(&model).unwrap();
        prop_assert!(encode_msgpack(&value, &kind).unwrap() == whole);
    }
}
