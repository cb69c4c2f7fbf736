//! Reads an audit as JSON on standard input and writes it in the format that the argument names, for the tests of this
//! folder; `schema` writes the JSON Schema of the json report.

use std::error::Error;
use std::io::{self, Write};

use terraform_provider_mirror::report::{self, Audit, Format};

fn main() -> Result<(), Box<dyn Error>> {
    let format = std::env::args().nth(1).unwrap_or_default();
    let text = match format.as_str() {
        "schema" => report::json_schema()?,
        _ => {
            let audit: Audit = serde_json::from_reader(io::stdin().lock())?;
            report::render(format.parse::<Format>()?, &audit)?
        }
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}
