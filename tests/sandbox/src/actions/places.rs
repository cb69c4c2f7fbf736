//! Regions and availability zones.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::describe::one;
use crate::failure::Failure;
use crate::filters::{Filter, within_limits};

/// Every region, with its number of zones and whether it is on without opting in.
const REGIONS: [(&str, u8, bool); 25] = [
    ("af-south-1", 3, false),
    ("ap-east-1", 3, false),
    ("ap-northeast-1", 3, true),
    ("ap-northeast-2", 4, true),
    ("ap-northeast-3", 3, true),
    ("ap-south-1", 3, true),
    ("ap-south-2", 3, false),
    ("ap-southeast-1", 3, true),
    ("ap-southeast-2", 3, true),
    ("ap-southeast-3", 3, false),
    ("ap-southeast-4", 3, false),
    ("ca-central-1", 3, true),
    ("ca-west-1", 3, false),
    ("eu-central-1", 3, true),
    ("eu-central-2", 3, false),
    ("eu-north-1", 3, true),
    ("eu-south-1", 3, false),
    ("eu-west-1", 3, true),
    ("eu-west-2", 3, true),
    ("eu-west-3", 3, true),
    ("sa-east-1", 3, true),
    ("us-east-1", 6, true),
    ("us-east-2", 3, true),
    ("us-west-1", 2, true),
    ("us-west-2", 4, true),
];

/// Whether AWS has this region.
pub fn region_exists(name: &str) -> bool {
    REGIONS.iter().any(|(region, ..)| *region == name)
}

/// The zone's id: `eu-west-1a` is `euw1-az1`. The letters are those of the first account, see [`Call::zone_name`].
pub fn zone_id(zone: &str) -> String {
    let Some((region, letter)) = zone.len().checked_sub(1).and_then(|at| zone.split_at_checked(at)) else {
        return String::new();
    };
    let mut parts = region.split('-');
    let (Some(area), Some(direction), Some(number)) = (parts.next(), parts.next(), parts.next()) else {
        return String::new();
    };
    let short = match direction {
        "northeast" => "ne",
        "southeast" => "se",
        other => other.get(..1).unwrap_or_default(),
    };
    let index = letter.bytes().next().map_or(0, |b| b.wrapping_sub(b'a') + 1);
    format!("{area}{short}{number}-az{index}")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    region_names: Vec<String>,
    #[serde(default)]
    zone_names: Vec<String>,
    #[serde(default)]
    zone_ids: Vec<String>,
}

/// Whether a row fits the filters, given its value for each known filter name.
fn fits(filters: &[Filter], field: impl Fn(&str) -> Option<Vec<String>>) -> Result<bool, Failure> {
    let mut all = true;
    for filter in filters {
        match field(&filter.name) {
            Some(values) => all &= filter.matches(&values),
            None => {
                return Err(Failure::invalid_parameter(format!(
                    "The filter '{}' is invalid",
                    filter.name
                )));
            }
        }
    }
    Ok(all)
}

/// DescribeRegions: those that are on; with AllRegions all of them.
pub fn describe_regions(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    within_limits(&input.filters)?;
    if let Some(name) = input.region_names.iter().find(|name| !region_exists(name)) {
        return Err(Failure::invalid_parameter(format!(
            "Invalid region names: [{name}]"
        )));
    }
    call.dry_run()?;
    let (everywhere, mut regions) = (call.flag("AllRegions"), Vec::new());
    for (name, _, on) in REGIONS {
        let opt_in = if on { "opt-in-not-required" } else { "not-opted-in" };
        let endpoint = format!("ec2.{name}.amazonaws.com");
        let wanted = fits(&input.filters, |filter| {
            Some(match filter {
                "region-name" => one(name),
                "endpoint" => one(&endpoint),
                "opt-in-status" => one(opt_in),
                _ => return None,
            })
        })?;
        let named = input.region_names.is_empty() || input.region_names.iter().any(|n| n == name);
        if wanted && named && (on || everywhere) {
            regions.push(json!({"RegionName": name, "Endpoint": endpoint, "OptInStatus": opt_in}));
        }
    }
    Ok(json!({"Regions": regions}))
}

/// DescribeAvailabilityZones of the region.
pub fn describe_zones(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    within_limits(&input.filters)?;
    call.dry_run()?;
    let region = call.region_name;
    let count = REGIONS
        .iter()
        .find(|(name, ..)| *name == region)
        .map_or(0, |(_, zones, _)| *zones);
    let names: Vec<String> = (0..count)
        .map(|n| format!("{region}{}", (b'a' + n) as char))
        .collect();
    let asked = input
        .zone_names
        .iter()
        .filter(|name| !names.contains(name))
        .map(String::as_str);
    let asked: Vec<&str> = asked
        .chain(
            input
                .zone_ids
                .iter()
                .filter(|id| names.iter().all(|n| zone_id(&call.zone_name(n)) != **id))
                .map(String::as_str),
        )
        .collect();
    if !asked.is_empty() {
        return Err(Failure::invalid_parameter(format!(
            "Invalid availability zone: [{}]",
            asked.join(", ")
        )));
    }
    let mut zones = Vec::new();
    for name in &names {
        let id = zone_id(&call.zone_name(name));
        let wanted = fits(&input.filters, |filter| {
            Some(match filter {
                "zone-name" => one(name),
                "zone-id" => one(&id),
                "region-name" => one(region),
                "state" => one("available"),
                "zone-type" => one("availability-zone"),
                "group-name" => one(region),
                "opt-in-status" => one("opt-in-not-required"),
                _ => return None,
            })
        })?;
        let named = input.zone_names.is_empty() && input.zone_ids.is_empty()
            || input.zone_names.contains(name)
            || input.zone_ids.contains(&id);
        if wanted && named {
            zones.push(json!({
                "ZoneName": name, "ZoneId": id, "RegionName": region, "State": "available", "Messages": [],
                "OptInStatus": "opt-in-not-required", "GroupName": region, "NetworkBorderGroup": region,
                "ZoneType": "availability-zone",
            }));
        }
    }
    Ok(json!({"AvailabilityZones": zones}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids() {
        assert_eq!(zone_id("eu-west-1a"), "euw1-az1");
        assert_eq!(zone_id("ap-southeast-2c"), "apse2-az3");
        assert_eq!(zone_id(""), "");
    }
}
