//! The published JSON Schema of the json report is the one that the code derives.

use std::path::Path;

use terraform_provider_mirror::report::json_schema;

#[test]
fn the_published_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.schema.json");
    let derived = json_schema().unwrap();
    if std::env::var_os("MIRROR_WRITE_DOCS").is_some() {
        std::fs::write(&path, &derived).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == derived,
        "docs/audit.schema.json is out of date: MIRROR_WRITE_DOCS=1 cargo test --test report_schema"
    );
}
