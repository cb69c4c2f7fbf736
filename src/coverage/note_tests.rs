use super::*;

/// A process below a core, in a directory of the test's own.
fn process(directory: &tempfile::TempDir, core: &str, own: &str) -> Notes {
    Notes {
        directory: directory.path().join("notes"),
        core: core.to_owned(),
        own: own.to_owned(),
    }
}

fn key() -> Key {
    Key::of(&[b"key"])
}

/// Changes when the only note was left.
fn left_at(notes: &Notes, maker: &str, time: SystemTime) {
    let mine = notes.all(&key()).into_iter().find(|note| note.maker == maker);
    let file = fs::File::options().write(true).open(mine.unwrap().path).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn a_note_is_for_one_other_process_of_the_same_core() {
    let directory = tempfile::tempdir().unwrap();
    let first = process(&directory, "core", "1");
    assert_eq!(first.take(&key()), None);
    first.leave(&key(), "text").unwrap();
    first.leave(&key(), "later text").unwrap();
    assert_eq!(first.take(&key()), None, "a process leaves no notes for itself");
    assert_eq!(process(&directory, "another", "2").take(&key()), None);
    let second = process(&directory, "core", "2");
    assert_eq!(second.take(&Key::of(&[b"other"])), None);
    assert_eq!(second.take(&key()).as_deref(), Some("later text"));
    assert_eq!(
        second.take(&key()).as_deref(),
        Some("later text"),
        "and may ask again for what it took"
    );
    assert_eq!(process(&directory, "core", "3").take(&key()), None, "used once");
}

#[test]
fn what_is_superseded_is_void() {
    let directory = tempfile::tempdir().unwrap();
    let [first, second, last] = ["1", "2", "3"].map(|own| process(&directory, "core", own));
    first.supersede(&key()).unwrap();
    assert!(first.all(&key()).is_empty(), "there is nothing to supersede");
    first.leave(&key(), "text").unwrap();
    left_at(&first, "1", SystemTime::now() - Duration::from_secs(60));
    second.supersede(&key()).unwrap();
    assert_eq!(last.take(&key()).as_deref(), Some(""));
    assert_eq!(last.of_saved_plan(&key(), None).as_deref(), Some(""));
}

#[test]
fn a_saved_plan_has_the_last_note_before_its_file() {
    let directory = tempfile::tempdir().unwrap();
    // With a fraction of a second.
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(1000 * (today.as_secs() - 24 * 3600) + 400);
    let minute = |minutes: u64| start + Duration::from_secs(60 * minutes);
    for (own, minutes) in [("1", 0), ("2", 10), ("3", 12)] {
        let notes = process(&directory, own, own);
        notes.leave(&key(), own).unwrap();
        left_at(&notes, own, minute(minutes));
    }
    let applying = process(&directory, "core", "9");
    let of = |written| applying.of_saved_plan(&key(), written);
    assert_eq!(of(Some(minute(1))).as_deref(), Some("1"));
    assert_eq!(
        of(Some(minute(11))).as_deref(),
        Some("2"),
        "somebody planned since"
    );
    assert_eq!(of(Some(minute(13))).as_deref(), Some("3"));
    let rounded = minute(10) - Duration::from_millis(400);
    assert_eq!(of(Some(rounded)).as_deref(), Some("2"));
    assert_eq!(of(Some(rounded - Duration::from_millis(1))).as_deref(), Some("1"));
    assert_eq!(of(Some(minute(60))), None, "of another plan");
    assert_eq!(of(None).as_deref(), Some("3"));
    // Taken or not, the note is of that plan.
    process(&directory, "2", "8").take(&key()).unwrap();
    assert_eq!(of(Some(minute(11))).as_deref(), Some("2"));
}

#[test]
fn few_notes_of_a_key_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    for own in 0..2 * KEPT_OF_KEY {
        let own = own.to_string();
        process(&directory, &own, &own).leave(&key(), &own).unwrap();
    }
    let notes = process(&directory, "core", "1");
    notes.leave(&Key::of(&[b"other"]), "text").unwrap();
    assert_eq!(notes.all(&key()).len(), KEPT_OF_KEY);
    assert_eq!(notes.all(&Key::of(&[b"other"])).len(), 1);
}

#[test]
fn parts_do_not_run_together() {
    assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
}
