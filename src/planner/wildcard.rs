//! Matching values as EC2 filters do: `*` is any run of characters, `?` any single one, `\` takes the next literally.

/// Whether `text` matches the EC2 filter value `pattern`. Case is significant, as in EC2.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to resume when a run behind the last `*` fails: one more character goes to that star.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                star = Some((p, t));
                p += 1;
            }
            Some(Token::One) => {
                p += 1;
                t += 1;
            }
            Some(Token::Literal(c)) if *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|token| *token == Token::Any)
}

#[derive(PartialEq)]
enum Token {
    Any,
    One,
    Literal(char),
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Literal(chars.next().unwrap_or('\\')),
            c => Token::Literal(c),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn as_ec2_filters() {
        for (pattern, text, expected) in [
            ("True", "True", true),
            ("True", "true", false),
            ("T*", "True", true),
            ("*", "", true),
            ("?", "", false),
            ("T??e", "True", true),
            ("*e*", "True", true),
            ("*x*", "True", false),
            ("a*b*c", "aXbYbZc", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            (r"a\?b", "a?b", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
