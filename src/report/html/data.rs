//! The network interfaces as data inside the page.

use std::collections::HashMap;

use serde::Serialize;

use super::group;
use crate::report::text::limited;
use crate::report::{Audit, AuditInterface, ReportError};

/// A tag value has 256 characters at most, a detail is a sentence or two.
pub const TEXT: usize = 1024;

/// Rows whose cells are numbers of texts: most texts stand in many rows.
#[derive(Serialize)]
pub struct Data {
    texts: Vec<String>,
    rows: Vec<Row>,
}

/// The order of the fields is what `page.js` reads.
#[derive(Serialize)]
struct Row(
    String,      // id of the network interface
    usize,       // class of its status
    usize,       // status
    usize,       // reason
    usize,       // detail
    usize,       // advice
    usize,       // instance id
    usize,       // instance name
    usize,       // instance type
    usize,       // VPC
    usize,       // subnet
    usize,       // zone
    usize,       // region
    Vec<usize>,  // targets
    Vec<String>, // sessions
    Option<i64>, // VXLAN network identifier
);

#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len();
        self.texts.push(limited(text, TEXT));
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn optional(&mut self, text: &Option<String>) -> usize {
        self.number(text.as_deref().unwrap_or_default())
    }
}

impl Data {
    /// The rows, in the order of the ids.
    pub fn of(audit: &Audit) -> Self {
        let mut texts = Texts::default();
        let rows = audit
            .interfaces
            .iter()
            .map(|(id, interface)| row(&mut texts, id, interface))
            .collect();
        Self {
            texts: texts.texts,
            rows,
        }
    }

    /// JSON that is safe inside a script element.
    pub fn to_script(&self) -> Result<String, ReportError> {
        let json = serde_json::to_string(self)?;
        Ok(json
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026"))
    }
}

fn row(texts: &mut Texts, id: &str, interface: &AuditInterface) -> Row {
    Row(
        limited(id, TEXT),
        texts.number(group::class(interface.status)),
        texts.number(&interface.status.to_string()),
        texts.number(&interface.reason.to_string()),
        texts.number(&interface.detail),
        texts.number(&interface.advice),
        texts.optional(&interface.instance_id),
        texts.optional(&interface.instance_name),
        texts.optional(&interface.instance_type),
        texts.optional(&interface.vpc_id),
        texts.optional(&interface.subnet_id),
        texts.optional(&interface.availability_zone),
        texts.number(&interface.region),
        interface
            .traffic_mirror_target_ids
            .iter()
            .map(|id| texts.number(id))
            .collect(),
        interface.session_ids.iter().map(|id| limited(id, TEXT)).collect(),
        interface.virtual_network_id,
    )
}
