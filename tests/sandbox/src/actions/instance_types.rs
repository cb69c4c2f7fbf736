//! Instance types: DescribeInstanceTypes, and which of them can be mirrored.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::describe::one;
use crate::failure::Failure;
use crate::filters::{Filter, within_limits};
use crate::paging;

/// The families of `data/instance_families.yaml`.
#[derive(Deserialize)]
struct Families<T = HashSet<String>> {
    bare_metal: T,
    hundred_sources: T,
    #[serde(rename = "virtual")]
    virtual_machines: T,
}

/// Sizes with their virtual CPUs and interfaces.
const SIZES: [(&str, i64, i64); 16] = [
    ("nano", 2, 2),
    ("micro", 2, 2),
    ("small", 2, 3),
    ("medium", 2, 3),
    ("large", 2, 3),
    ("xlarge", 4, 4),
    ("2xlarge", 8, 4),
    ("4xlarge", 16, 8),
    ("8xlarge", 32, 8),
    ("9xlarge", 36, 8),
    ("12xlarge", 48, 8),
    ("16xlarge", 64, 15),
    ("18xlarge", 72, 15),
    ("24xlarge", 96, 15),
    ("32xlarge", 128, 15),
    ("metal", 96, 15),
];

fn families() -> &'static Families {
    static FAMILIES: OnceLock<Families> = OnceLock::new();
    FAMILIES.get_or_init(|| {
        let text = include_str!("../../data/instance_families.yaml");
        let lines: Families<Vec<String>> = match serde_saphyr::from_str(text) {
            Ok(lines) => lines,
            Err(error) => unreachable!("instance_families.yaml is compiled in and tested: {error}"),
        };
        let words = |lines: Vec<String>| -> HashSet<String> {
            lines
                .iter()
                .flat_map(|line| line.split_whitespace())
                .map(str::to_owned)
                .collect()
        };
        Families {
            bare_metal: words(lines.bare_metal),
            hundred_sources: words(lines.hundred_sources),
            virtual_machines: words(lines.virtual_machines),
        }
    })
}

/// Whether interfaces of this instance type can be mirrored.
pub fn mirrors(instance_type: &str) -> bool {
    match instance_type.split_once('.') {
        Some((family, size)) if size.starts_with("metal") => families().bare_metal.contains(family),
        Some((family, _)) => families().virtual_machines.contains(family),
        None => false,
    }
}

/// How many sources an interface of this instance type can be the target of.
pub fn sources_per_target_limit(instance_type: &str) -> usize {
    if families().hundred_sources.contains(instance_type) {
        100
    } else {
        10
    }
}

/// The instance types that botocore knows, in order.
fn all() -> std::str::Lines<'static> {
    include_str!("../../wire/instance_types.txt").lines()
}

/// Whether EC2 has this type.
pub fn exists(instance_type: &str) -> bool {
    all().any(|name| name == instance_type)
}

/// How many interfaces an instance of this type can have.
pub fn most_interfaces(instance_type: &str) -> usize {
    let size = instance_type.split_once('.').map_or("", |(_, size)| size);
    SIZES
        .iter()
        .find(|(name, ..)| *name == size)
        .map_or(15, |(_, _, interfaces)| *interfaces as usize)
}

/// DescribeInstanceTypes: pages of 5 to 100.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        #[serde(default)]
        instance_types: Vec<String>,
        #[serde(default)]
        filters: Vec<Filter>,
        max_results: Option<i64>,
        next_token: Option<String>,
    }
    let input: Input = call.input()?;
    within_limits(&input.filters)?;
    if !input.instance_types.is_empty() && input.max_results.is_some() {
        return Err(Failure::invalid_combination(
            "InstanceTypes cannot be used with MaxResults",
        ));
    }
    let missing: Vec<&str> = input
        .instance_types
        .iter()
        .map(String::as_str)
        .filter(|t| !exists(t))
        .collect();
    if !missing.is_empty() {
        let text = format!(
            "The following supplied instance types do not exist: [{}]",
            missing.join(", ")
        );
        return Err(Failure::new("InvalidInstanceType", text));
    }
    for filter in &input.filters {
        if field("m5.large", &filter.name).is_none() {
            return Err(Failure::invalid_parameter(format!(
                "The filter '{}' is invalid",
                filter.name
            )));
        }
    }
    let of = paging::fingerprint(&call.caller.account, call.region_name, call.action, &call.input);
    let after = match &input.next_token {
        Some(token) => Some(paging::resume(token, &of, call.now)?),
        None => None,
    };
    call.dry_run()?;
    let explicit = !input.instance_types.is_empty();
    let mut types: Vec<String> = match explicit {
        true => input.instance_types.clone(),
        false => all().map(str::to_owned).collect(),
    };
    types.retain(|name| {
        let fits = |f: &Filter| field(name, &f.name).is_some_and(|values| f.matches(&values));
        after.as_ref().is_none_or(|after| name > after) && input.filters.iter().all(fits)
    });
    let size = if explicit {
        types.len()
    } else {
        call.page_size(input.max_results.unwrap_or(100) as usize)
    };
    let next = (types.len() > size).then(|| paging::token(&of, &types[size - 1], call.now));
    let page: Vec<Value> = types.iter().take(size).map(|name| render(name)).collect();
    Ok(json!({"InstanceTypes": page, "NextToken": next}))
}

fn field(name: &str, filter: &str) -> Option<Vec<String>> {
    Some(match filter {
        "instance-type" => one(name),
        "hypervisor" => one(hypervisor(name)),
        "bare-metal" => one(name.contains(".metal")),
        "current-generation" => one(current(name)),
        _ => return None,
    })
}

/// Types before Nitro run on Xen.
fn hypervisor(name: &str) -> &'static str {
    let family = name.split('.').next().unwrap_or_default();
    const XEN: [&str; 22] = [
        "t1", "t2", "m1", "m2", "m3", "m4", "c1", "c3", "c4", "r3", "r4", "i2", "g2", "g3", "g3s", "p2",
        "p3", "d2", "h1", "f1", "x1", "x1e",
    ];
    if XEN.contains(&family) { "xen" } else { "nitro" }
}

fn current(name: &str) -> bool {
    const PREVIOUS: [&str; 10] = ["t1", "m1", "m2", "m3", "c1", "c3", "r3", "i2", "g2", "a1"];
    !PREVIOUS.contains(&name.split('.').next().unwrap_or_default())
}

fn render(name: &str) -> Value {
    let metal = name.contains(".metal");
    let size = name.split_once('.').map_or("", |(_, size)| size);
    let cpus = SIZES
        .iter()
        .find(|(known, ..)| *known == size)
        .map_or(96, |(_, cpus, _)| *cpus);
    json!({
        "InstanceType": name,
        "CurrentGeneration": current(name),
        "BareMetal": metal,
        "Hypervisor": (!metal).then(|| hypervisor(name)),
        "VCpuInfo": {"DefaultVCpus": cpus},
        "MemoryInfo": {"SizeInMiB": cpus * 4096},
        "NetworkInfo": {"MaximumNetworkInterfaces": most_interfaces(name), "MaximumNetworkCards": 1},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positive_list_decides() {
        for (name, fits) in [
            ("m5.large", true),
            ("t3.micro", true),
            ("m5.metal", true),
            ("m6i.metal", false),
            ("t2.micro", false),
            ("m8g.large", false),
            ("c7gn.large", false),
            ("nonsense", false),
        ] {
            assert_eq!(mirrors(name), fits, "{name}");
        }
        assert!(exists("t2.micro") && exists("m5.metal") && !exists("q9.large") && !exists("m5.gigantic"));
        assert_eq!(
            (
                sources_per_target_limit("m5.24xlarge"),
                sources_per_target_limit("m5.large")
            ),
            (100, 10)
        );
    }
}
