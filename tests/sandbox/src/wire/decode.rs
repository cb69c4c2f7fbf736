//! Form parameters → a JSON tree with the model's member names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Service;
use super::model::{Protocol, Shape};
use crate::failure::Failure;

/// No AWS parameter name is longer; it also bounds the depth of the tree.
const LONGEST_NAME: usize = 255;

/// The parameters as a tree: `Filter.1.Value.2` is four levels deep.
#[derive(Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

/// Decodes the parameters of `action` (without `Action` and `Version`).
///
/// Errors: `UnknownParameter`, `MissingParameter`, `InvalidParameterValue`,
/// `InvalidMaxResults`.
pub fn decode(service: &Service, action: &str, params: &[(String, String)]) -> Result<Value, Failure> {
    let mut root = Node::default();
    for (name, value) in params {
        if name.len() > LONGEST_NAME {
            return Err(Failure::unknown_parameter(&name[..name.floor_char_boundary(40)]));
        }
        let node = name.split('.').fold(&mut root, |at, part| {
            at.children.entry(part.to_owned()).or_default()
        });
        if node.value.replace(value.clone()).is_some() {
            return Err(Failure::invalid_parameter(format!(
                "The parameter {name} is given twice"
            )));
        }
    }
    match service.actions.get(action).and_then(|a| a.input.as_deref()) {
        Some(input) => Decoder { service }.shape(&root, input, ""),
        None => match root.children.keys().next() {
            Some(name) => Err(Failure::unknown_parameter(name)),
            None => Ok(Value::Object(Map::new())),
        },
    }
}

struct Decoder<'a> {
    service: &'a Service,
}

impl Decoder<'_> {
    fn shape(&self, node: &Node, name: &str, at: &str) -> Result<Value, Failure> {
        match self.service.shapes.get(name) {
            Some(Shape::Structure { members, required }) => {
                if node.value.is_some() {
                    return Err(Failure::unknown_parameter(at));
                }
                let mut known = 0;
                let mut out = Map::new();
                for (member, wire) in members {
                    let below = if at.is_empty() {
                        wire.0.clone()
                    } else {
                        format!("{at}.{}", wire.0)
                    };
                    match node.children.get(&wire.0) {
                        Some(child) => {
                            known += 1;
                            out.insert(member.clone(), self.shape(child, &wire.2, &below)?);
                        }
                        None if required.contains(member) => return Err(Failure::missing_parameter(&below)),
                        None => {}
                    }
                }
                if known < node.children.len() {
                    let stranger = node
                        .children
                        .keys()
                        .find(|key| members.values().all(|m| m.0 != **key));
                    let stranger = stranger.map_or("", String::as_str);
                    let dot = if at.is_empty() { "" } else { "." };
                    return Err(Failure::unknown_parameter(&format!("{at}{dot}{stranger}")));
                }
                Ok(Value::Object(out))
            }
            Some(Shape::List { item, of, flat }) => self.list(node, item, of, *flat, at),
            Some(leaf) => {
                if let Some(below) = node.children.keys().next() {
                    return Err(Failure::unknown_parameter(&format!("{at}.{below}")));
                }
                scalar(leaf, node.value.as_deref().unwrap_or_default(), at)
            }
            None => Err(Failure::internal(format!("the model has no shape {name}"))),
        }
    }

    fn list(&self, node: &Node, item: &str, of: &str, flat: bool, at: &str) -> Result<Value, Failure> {
        let wrapped = self.service.protocol == Protocol::Query && !flat;
        let (node, at) = match node.children.get(item) {
            Some(inner) if wrapped => (inner, format!("{at}.{item}")),
            _ => (node, at.to_owned()),
        };
        if node.value.as_deref().is_some_and(|v| !v.is_empty()) {
            return Err(Failure::unknown_parameter(&at));
        }
        let mut items = Vec::with_capacity(node.children.len());
        for (key, child) in &node.children {
            let index: u32 = key
                .parse()
                .map_err(|_| Failure::unknown_parameter(&format!("{at}.{key}")))?;
            items.push((index, self.shape(child, of, &format!("{at}.{key}"))?));
        }
        items.sort_by_key(|(index, _)| *index);
        Ok(Value::Array(items.into_iter().map(|(_, value)| value).collect()))
    }
}

fn scalar(shape: &Shape, text: &str, at: &str) -> Result<Value, Failure> {
    let invalid = |wanted: &str| {
        Err(Failure::invalid_parameter(format!(
            "Invalid value '{text}' for {at}. It must be {wanted}"
        )))
    };
    match shape {
        Shape::Boolean => match text {
            "true" | "True" | "1" => Ok(Value::Bool(true)),
            "false" | "False" | "0" => Ok(Value::Bool(false)),
            _ => invalid("true or false"),
        },
        Shape::Integer { min, max } | Shape::Long { min, max } => match text.parse::<i64>() {
            Ok(n) if at == "MaxResults" && (min.is_some_and(|m| n < m) || max.is_some_and(|m| n > m)) => {
                Err(Failure::invalid_max_results(n, *min, *max))
            }
            Ok(n) if min.is_some_and(|m| n < m) || max.is_some_and(|m| n > m) => {
                invalid("in the documented range")
            }
            Ok(n) if matches!(shape, Shape::Integer { .. }) && i32::try_from(n).is_err() => {
                invalid("an integer of 32 bits")
            }
            Ok(n) => Ok(Value::from(n)),
            Err(_) => invalid("an integer"),
        },
        Shape::Float => match text.parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(Value::from(n)),
            _ => invalid("a number"),
        },
        _ => Ok(Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::Model;

    fn ec2(action: &str, params: &[(&str, &str)]) -> Result<Value, String> {
        run("ec2", action, params)
    }

    fn run(service: &str, action: &str, params: &[(&str, &str)]) -> Result<Value, String> {
        let params: Vec<_> = params
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        decode(Model::get().service(service).unwrap(), action, &params).map_err(|f| f.code.into_owned())
    }

    #[test]
    fn lists_are_ordered_by_their_numbers() {
        let params = [
            ("InstanceId.10", "c"),
            ("InstanceId.2", "b"),
            ("InstanceId.1", "a"),
        ];
        assert_eq!(
            ec2("DescribeInstances", &params).unwrap(),
            json!({"InstanceIds": ["a", "b", "c"]})
        );
    }

    #[test]
    fn structures_nest() {
        let params = [
            ("TagSpecification.1.ResourceType", "traffic-mirror-filter"),
            ("TagSpecification.1.Tag.1.Key", "a"),
            ("TagSpecification.1.Tag.1.Value", ""),
        ];
        let wanted = json!({"TagSpecifications": [
            {"ResourceType": "traffic-mirror-filter", "Tags": [{"Key": "a", "Value": ""}]}]});
        assert_eq!(ec2("CreateTrafficMirrorFilter", &params).unwrap(), wanted);
    }

    #[test]
    fn the_query_protocol_has_member_lists() {
        let params = [("LoadBalancerArns.member.1", "x")];
        assert_eq!(
            run("elbv2", "DescribeLoadBalancers", &params).unwrap(),
            json!({"LoadBalancerArns": ["x"]})
        );
    }

    #[test]
    fn what_the_model_does_not_know_is_refused() {
        let code = |params: &[(&str, &str)]| ec2("DescribeTrafficMirrorSessions", params).unwrap_err();
        assert_eq!(code(&[("Colour", "red")]), "UnknownParameter");
        assert_eq!(code(&[("Filter.1.Colour", "red")]), "UnknownParameter");
        assert_eq!(code(&[("Filter.one.Name", "red")]), "UnknownParameter");
        assert_eq!(code(&[("DryRun.1", "true")]), "UnknownParameter");
        assert_eq!(code(&[("MaxResults", "4")]), "InvalidMaxResults");
        assert_eq!(code(&[("MaxResults", "1001")]), "InvalidMaxResults");
        assert_eq!(code(&[("MaxResults", "many")]), "InvalidParameterValue");
        assert_eq!(code(&[("DryRun", "perhaps")]), "InvalidParameterValue");
        assert_eq!(
            ec2("DeleteTrafficMirrorSession", &[]).unwrap_err(),
            "MissingParameter"
        );
        let long = "A.".repeat(100_000);
        assert_eq!(code(&[(&long, "x")]), "UnknownParameter");
    }
}
