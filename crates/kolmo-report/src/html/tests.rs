use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::examples::report;
use super::*;
use crate::figures::palette;

/// The tags of a page, without their brackets, in their order. Every one is closed, and every attribute
/// has a value in quotes.
fn tags(page: &str) -> Vec<&str> {
    const NEVER_CLOSED: [&str; 1] = ["meta"];
    let body = page.strip_prefix("<!DOCTYPE html>").unwrap();
    let mut open = Vec::new();
    let mut tags = Vec::new();
    for tag in body.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("a tag is not closed");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!text.contains('>') || open == ["html", "head"], "{text}");
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') || NEVER_CLOSED.contains(&name) => {}
            None => open.push(name),
        }
        if name == "/head" {
            assert_eq!(open, ["html"]);
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

/// Names and values of the attributes of a tag.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut parts = tag.split('"');
    let mut attributes = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        let name = name.rsplit(' ').next().unwrap();
        attributes.push((name.strip_suffix('=').expect("a value has no name"), value));
    }
    attributes
}

/// Each kind of tag with the names of its attributes.
fn kinds(page: &str) -> BTreeSet<String> {
    let kind = |tag: &str| {
        let names = attributes(tag).into_iter().map(|(name, _)| name);
        let name = tag.split([' ', '/']).next().unwrap();
        format!("{name} {}", names.collect::<Vec<_>>().join(" "))
    };
    tags(page).into_iter().map(kind).collect()
}

/// As it stands in a page.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[test]
fn everything_in_the_report_is_on_the_page() {
    let page = page(&report("Zipf 1.5 & more")).unwrap();
    for text in [
        "Report Zipf 1.5 &amp; more",
        "<strong>2</strong> agree",
        "<strong>1</strong> disagree",
        "<dt>laws</dt>",
        "<dt>checks</dt>",
        "<strong>0</strong> agree",
        "<strong>1</strong> inconclusive",
        "data_scaling/Zipf 1.5 &amp; more/exponent",
        "0.333",
        "0.341",
        "[0.329, 0.353]",
        "1,000 to 1,000,000 Zipf",
        "The exponent is that of theory",
        "The interval holds it",
        "Is it so Zipf 1.5 &amp; more?",
        "Another paragraph.",
        "the same training as runs/first Zipf 1.5 &amp; more, which counts",
        "What is seen",
        "0.25",
        "seed = 1 # Zipf",
        "version",
        "1. Data law",
        "1.01 [0.800, 1.20] where 1.00 ± 0.150 is predicted: agrees.",
        "because Zipf 1.5 &amp; more",
        "From the runs the prediction takes the bits stored.",
        "Its parts (1)",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let agrees = page.matches("</svg>agrees</span>").count();
    assert_eq!(
        agrees, 5,
        "of two claims twice, and of the headline that is tested in the table"
    );
    for (outcome, number) in [("disagrees", 1), ("inconclusive", 1)] {
        let badges = page.matches(&format!("</svg>{outcome}</span>")).count();
        assert_eq!(
            badges,
            2 * number,
            "in the table and in the section: {outcome}"
        );
    }
}

#[test]
fn the_page_needs_nothing_else() {
    for text in [
        "plain",
        "http://example.org/x.js",
        "url(https://example.org)",
    ] {
        let page = page(&report(text)).unwrap();
        for tag in tags(&page) {
            let name = tag.split(' ').next().unwrap();
            assert!(!["script", "link", "img", "iframe", "object", "base"].contains(&name));
            for (name, value) in attributes(tag) {
                assert!(
                    !["src", "srcset", "xlink:href", "style"].contains(&name)
                        && !name.starts_with("on")
                );
                assert!(name != "href" || value.starts_with('#'), "{value}");
            }
        }
        let (_, style) = page.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        for load in ["url(", "@import", "http", "//"] {
            assert!(!style.contains(load), "{load}");
        }
    }
}

#[test]
fn names_are_given_once_and_lead_somewhere() {
    let mut report = report("same");
    // The second headline has the name of the first.
    report.headlines.truncate(1);
    let page = page(&report).unwrap();
    let tags = tags(&page);
    let values = |wanted: &str| -> Vec<&str> {
        let all = tags.iter().flat_map(|tag| attributes(tag));
        let all = all.filter(|(name, _)| *name == wanted);
        all.flat_map(|(_, value)| value.split(' ')).collect()
    };
    let ids = values("id");
    let known: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(known.len(), ids.len(), "{ids:?}");
    // Two sections, a headline, and three names for each of four figures.
    assert_eq!(ids.len(), 15);
    let addresses = values("href");
    assert_eq!(
        addresses.len(),
        7,
        "of a headline, four verdicts and two sections"
    );
    for address in addresses {
        assert!(
            known.contains(address.strip_prefix('#').unwrap()),
            "{address}"
        );
    }
    for id in values("aria-labelledby") {
        assert!(known.contains(id), "{id}");
    }
}

#[test]
fn a_report_of_nothing_is_a_page() {
    let empty = Report {
        headlines: Vec::new(),
        title: String::new(),
        sections: vec![],
        left_out: vec![],
        provenance: vec![],
    };
    tags(&page(&empty).unwrap());
    assert_eq!(
        empty.json().unwrap(),
        "{\n  \"headlines\": [],\n  \"verdicts\": [],\n  \"left_out\": []\n}\n"
    );
    let mut nameless = report("");
    nameless.sections[0].text.clear();
    nameless.sections[0].verdicts[0].measured = None;
    nameless.sections[0].verdicts[0].ci95 = None;
    nameless.sections[0].verdicts[0].range = None;
    nameless.sections[0].verdicts[1].predicted = f64::NAN;
    let page = page(&nameless).unwrap();
    tags(&page);
    assert!(page.contains("n/a"));
}

#[test]
fn figures_have_the_colours_of_the_page() {
    let page = page(&report("x")).unwrap();
    for rule in [
        "--plot-measured:#1F61A8",
        ".plot [stroke=\"#1F61A8\"]{stroke:var(--plot-measured)}",
        ".plot [fill=\"#FFFFFF\"]{fill:var(--plot-paper)}",
        "prefers-color-scheme:dark",
    ] {
        assert!(page.contains(rule), "{rule}");
    }
    let shade = figure::hex(palette::viridis(0.4));
    assert!(page.contains(&format!(".plot circle[fill=\"{shade}\"]{{fill:#")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn hostile_text_is_text(
        pieces in prop::collection::vec(prop_oneof![
            Just("<script>alert(1)</script>".to_owned()),
            Just("\"onmouseover=\"alert(1)".to_owned()),
            Just("' onload='x".to_owned()),
            Just("</style></title></svg></pre>".to_owned()),
            Just("<img src=x onerror=alert(1)>".to_owned()),
            Just("<!--".to_owned()),
            Just("-->]]>".to_owned()),
            Just("javascript:x".to_owned()),
            Just("&lt;b&gt; &#60;".to_owned()),
            Just("{color:red}".to_owned()),
            Just("../../".to_owned()),
            any::<char>().prop_map(|letter| letter.to_string()),
            "[<>&\"'/= a-z]{1,8}",
        ], 1..6)
    ) {
        let text = pieces.concat();
        let page = page(&report(&text)).unwrap();
        let usual = kinds(&super::page(&report("x")).unwrap());
        let kinds = kinds(&page);
        prop_assert!(kinds.is_subset(&usual), "{:?}", kinds.difference(&usual));
        prop_assert!(page.contains(&escaped(&text)));
        for tag in tags(&page) {
            for (name, value) in attributes(tag) {
                let plain = |letter: char| letter.is_ascii_alphanumeric() || " -#".contains(letter);
                let is_name = ["id", "class", "href", "aria-labelledby"].contains(&name);
                prop_assert!(!is_name || value.chars().all(plain), "{name}={value}");
            }
        }
    }
}

#[test]
fn scripts_find_the_keys_they_rely_on() {
    let mut report = report("x");
    report.sections[0].verdicts[0].measured = None;
    report.sections[0].verdicts[0].ci95 = None;
    report.sections[0].verdicts[1].predicted = f64::INFINITY;
    let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    let verdicts = json["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 4);
    for verdict in verdicts {
        for key in [
            "claim",
            "predicted",
            "measured",
            "ci95",
            "range",
            "verdict",
            "reason",
        ] {
            assert!(verdict.get(key).is_some(), "{key}");
        }
    }
    assert!(verdicts[0]["measured"].is_null() && verdicts[0]["ci95"].is_null());
    assert!(verdicts[1]["predicted"].is_null());
    assert_eq!(verdicts[3]["ci95"], serde_json::json!([0.329, 0.353]));
    let words = ["agrees", "agrees", "disagrees", "inconclusive"];
    for (verdict, word) in verdicts.iter().zip(words) {
        assert_eq!(verdict["verdict"], word);
        assert_eq!(verdict["quantity"], "exponent");
        let sort = if word == "inconclusive" {
            "check"
        } else {
            "law"
        };
        assert_eq!(verdict["sort"], sort);
    }
}
