//! The shared configuration and credentials files: which they are, and what the profile says in them.

use std::path::PathBuf;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};

use super::connect::contradiction;
use super::{AccountConfig, Ec2Error};

/// The files and the profile that is in use.
pub(super) struct SharedFiles {
    pub(super) files: EnvConfigFiles,
    /// The profile by name; none: `AWS_PROFILE`, then `default`.
    pub(super) profile: Option<String>,
    parsed: ProfileSet,
}

impl SharedFiles {
    /// # Errors
    /// A file that is named in the configuration and cannot be read, any that cannot be parsed, and a profile that is named and in
    /// none of them.
    pub(super) async fn load(config: &AccountConfig) -> Result<Self, Ec2Error> {
        let files = files(config);
        let profile = config.profile.clone().or_else(default_profile);
        let selected = profile.clone().map(Into::into);
        let parsed = aws_config::profile::load(&Fs::default(), &Env::default(), &files, selected)
            .await
            .map_err(|error| {
                let cause = super::sdk_error::chain(&error);
                contradiction(&format!("the shared configuration files cannot be read: {cause}"))
            })?;
        // As elsewhere in the ecosystem, also beside keys: a name that is mistyped would lead into the account of others.
        let named = match &config.profile {
            Some(name) => Some(("`profile`", name.clone())),
            None => variable_of("AWS_PROFILE").map(|name| ("AWS_PROFILE", name)),
        };
        if let Some((by, name)) = named
            && parsed.get_profile(&name).is_none()
        {
            return Err(contradiction(&format!(
                "the profile {name:?}, which {by} names, is in none of the shared configuration and credentials files"
            )));
        }
        Ok(Self {
            files,
            profile,
            parsed,
        })
    }

    /// The name of the profile in use.
    pub(super) fn name(&self) -> &str {
        self.parsed.selected_profile()
    }

    /// A profile by its name.
    pub(super) fn get(&self, name: &str) -> Option<&Profile> {
        self.parsed.get_profile(name)
    }

    /// The value of an environment variable, else of the profile's property.
    pub(super) fn setting(&self, variable: &str, property: &str) -> Option<String> {
        variable_of(variable).or_else(|| self.parsed.get(property).map(str::to_owned))
    }
}

/// The value of an environment variable that is not empty.
pub(super) fn variable_of(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `AWS_DEFAULT_PROFILE` is the older name, which the SDK does not know.
fn default_profile() -> Option<String> {
    match variable_of("AWS_PROFILE") {
        Some(_) => None,
        None => variable_of("AWS_DEFAULT_PROFILE"),
    }
}

fn files(config: &AccountConfig) -> EnvConfigFiles {
    let mut files = EnvConfigFiles::builder();
    for (kind, paths) in [
        (EnvConfigFileKind::Config, &config.shared_config_files),
        (EnvConfigFileKind::Credentials, &config.shared_credentials_files),
    ] {
        if paths.is_empty() {
            files = match kind {
                EnvConfigFileKind::Credentials => files.include_default_credentials_file(true),
                _ => files.include_default_config_file(true),
            };
        }
        for path in paths {
            files = files.with_file(kind, expanded(path));
        }
    }
    files.build()
}

/// A path of the provider block: `$NAME` and `${NAME}` are variables of the environment, then a leading `~/` is the user's own
/// folder, as in the AWS provider.
pub(super) fn expanded(path: &str) -> PathBuf {
    with_home(&filled_in(path, variable_of))
}

/// A path of the environment, which whoever set it has filled in, but for a leading `~/`.
pub(super) fn with_home(path: &str) -> PathBuf {
    let home = || variable_of("HOME").or_else(|| variable_of("USERPROFILE"));
    match path.strip_prefix("~/").zip(home()) {
        Some((rest, home)) => PathBuf::from(home).join(rest),
        None => PathBuf::from(path),
    }
}

/// The text with the values of its variables, by the rules of Go's `os.ExpandEnv`: one that is not set is empty, and a `$` before
/// anything else is itself.
fn filled_in(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        let (name, behind) = match after.strip_prefix('{') {
            // Braces that are never closed, or hold nothing, go.
            Some(inside) => inside.split_once('}').unwrap_or(("", inside)),
            None => after.split_at(name_length(after)),
        };
        if !name.is_empty() {
            filled.extend(value(name));
        } else if !after.starts_with('{') {
            filled.push('$');
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// Bytes of the name that a text begins with; that of a special variable of the shell is a single character.
fn name_length(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit() || "*#$@!?-".contains(c)) {
        return 1;
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_as_go_does() {
        let value = |name: &str| match name {
            "HOME" => Some("/home/me".to_owned()),
            "A_1" => Some("$HOME".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            ("", ""),
            ("/etc/aws", "/etc/aws"),
            ("$HOME/cfg", "/home/me/cfg"),
            ("${HOME}cfg", "/home/mecfg"),
            ("/a/$HOMEcfg/b", "/a//b"),
            ("$A_1", "$HOME"),
            ("$UNSET${UNSET}x", "x"),
            ("é$HOME.é", "é/home/me.é"),
            ("C$\\x", "C$\\x"),
            ("a$", "a$"),
            ("$/$ $", "$/$ $"),
            ("a${}b", "ab"),
            ("a${HOME", "aHOME"),
            ("$1HOME", "HOME"),
            ("a$$HOME", "aHOME"),
        ] {
            assert_eq!(filled_in(text, value), expected, "{text}");
        }
    }
}
