//! A JSON tree with the model's member names → XML.

use quick_xml::escape::escape;
use serde_json::Value;

use super::Service;
use super::model::{Protocol, Shape};
use crate::failure::Failure;

/// The answer to `action` as XML.
///
/// Errors: `InternalError`, when the tree has a field or a type that the
/// model does not know; that is a mistake of the sandbox, and a test finds it.
pub fn encode(service: &Service, action: &str, answer: &Value, request_id: &str) -> Result<String, Failure> {
    let mut xml = Xml {
        service,
        out: String::with_capacity(4096),
    };
    xml.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.out
        .push_str(&format!("<{action}Response xmlns=\"{}\">", service.namespace));
    let known = service.actions.get(action);
    let output = known.and_then(|a| a.output.as_deref());
    match service.protocol {
        Protocol::Ec2 => {
            xml.text("requestId", request_id);
            match output {
                Some(shape) => xml.members(answer, shape, action)?,
                None => xml.text("return", "true"),
            }
        }
        Protocol::Query => {
            if let Some(wrapper) = known.and_then(|a| a.wrapper.as_deref()) {
                xml.open(wrapper);
                if let Some(shape) = output {
                    xml.members(answer, shape, action)?;
                }
                xml.close(wrapper);
            }
            xml.open("ResponseMetadata");
            xml.text("RequestId", request_id);
            xml.close("ResponseMetadata");
        }
    }
    xml.close(&format!("{action}Response"));
    Ok(xml.out)
}

/// An error in the form of the service's protocol.
pub fn encode_failure(protocol: Protocol, failure: &Failure, request_id: &str) -> String {
    let (code, message) = (escape(&*failure.code), escape(&failure.message));
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    match protocol {
        Protocol::Ec2 => format!(
            "{head}<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>{request_id}</RequestID></Response>"
        ),
        Protocol::Query => {
            let kind = if failure.status < 500 {
                "Sender"
            } else {
                "Receiver"
            };
            format!(
                "{head}<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message>\
                 </Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            )
        }
    }
}

struct Xml<'a> {
    service: &'a Service,
    out: String,
}

impl Xml<'_> {
    fn open(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.out.push_str(&escape(text));
        self.close(name);
    }

    fn members(&mut self, value: &Value, shape: &str, at: &str) -> Result<(), Failure> {
        let (Some(Shape::Structure { members, .. }), Value::Object(fields)) =
            (self.service.shapes.get(shape), value)
        else {
            return Err(Failure::internal(format!("{at} is no structure {shape}")));
        };
        for (name, value) in fields {
            let Some(member) = members.get(name) else {
                return Err(Failure::internal(format!("{shape} has no member {name}")));
            };
            self.element(&member.1, value, &member.2, name)?;
        }
        Ok(())
    }

    /// One member; null is an element left out.
    fn element(&mut self, name: &str, value: &Value, shape: &str, at: &str) -> Result<(), Failure> {
        match (self.service.shapes.get(shape), value) {
            (_, Value::Null) => {}
            (Some(Shape::Structure { .. }), _) => {
                self.open(name);
                self.members(value, shape, at)?;
                self.close(name);
            }
            (Some(Shape::List { item, of, flat }), Value::Array(items)) => {
                if !flat {
                    self.open(name);
                }
                for value in items {
                    self.element(if *flat { name } else { item }, value, of, at)?;
                }
                if !flat {
                    self.close(name);
                }
            }
            (Some(Shape::String | Shape::Blob | Shape::Timestamp), Value::String(text)) => {
                self.text(name, text)
            }
            (Some(Shape::Boolean), Value::Bool(flag)) => {
                self.text(name, if *flag { "true" } else { "false" })
            }
            (Some(Shape::Integer { .. } | Shape::Long { .. }), Value::Number(n))
                if n.is_i64() || n.is_u64() =>
            {
                self.text(name, &n.to_string());
            }
            (Some(Shape::Float), Value::Number(n)) => self.text(name, &n.to_string()),
            _ => return Err(Failure::internal(format!("{at} does not fit the shape {shape}"))),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::Model;

    fn xml(service: &str, action: &str, answer: Value) -> Result<String, String> {
        encode(Model::get().service(service).unwrap(), action, &answer, "r-1").map_err(|f| f.message)
    }

    #[test]
    fn ec2_answers_are_not_wrapped_and_text_is_escaped() {
        let answer = json!({"TrafficMirrorSession": {"SessionNumber": 1, "Description": "a < b", "Tags": [
            {"Key": "k", "Value": "v"}], "OwnerId": null}});
        let text = xml("ec2", "CreateTrafficMirrorSession", answer).unwrap();
        assert!(text.ends_with(
            "<requestId>r-1</requestId><trafficMirrorSession><description>a &lt; b</description>\
             <sessionNumber>1</sessionNumber><tagSet><item><key>k</key><value>v</value></item></tagSet>\
             </trafficMirrorSession></CreateTrafficMirrorSessionResponse>"
        ));
    }

    #[test]
    fn an_action_without_output_says_true() {
        assert!(
            xml("ec2", "CreateTags", Value::Null)
                .unwrap()
                .contains("<return>true</return>")
        );
    }

    #[test]
    fn query_answers_are_wrapped() {
        let text = xml("sts", "GetCallerIdentity", json!({"Account": "1"})).unwrap();
        assert!(text.contains("<GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult>"));
        assert!(text.contains("<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"));
    }

    #[test]
    fn a_field_unknown_to_the_model_is_our_mistake() {
        assert!(xml("ec2", "DescribeVpcs", json!({"Vpcs": [{"Colour": "red"}]})).is_err());
        assert!(xml("ec2", "DescribeVpcs", json!({"Vpcs": [{"VpcId": 7}]})).is_err());
    }
}
