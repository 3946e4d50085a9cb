//! Every fault can be seen from outside: a host that goes through the conversations below sees at least one difference
//! from the good testee. The good testee itself looks the same twice.

mod conversation;
mod secured;
mod talk;
mod web;

use std::sync::atomic::{AtomicUsize, Ordering};

use fake_interpreters::{Fault, Script};

use conversation::ALL;
use talk::Seen;

/// Conversations wait more than they work.
const AT_A_TIME: usize = 12;

#[test]
fn every_fault_is_seen_by_some_conversation_and_the_good_testee_looks_the_same_twice() {
    let [good, again] = std::thread::scope(|scope| {
        let hold = |conversation: &fn(&Script, Option<&Seen>) -> Seen| {
            let conversation = *conversation;
            scope.spawn(move || conversation(&Script::testee(), None))
        };
        [(); 2]
            .map(|()| ALL.iter().map(hold).collect::<Vec<_>>())
            .map(|held| held.into_iter().map(|held| held.join().unwrap()))
            .map(Iterator::collect::<Vec<Seen>>)
    });
    for (first, second) in good.iter().zip(&again) {
        for (first, second) in first.iter().zip(second) {
            assert_eq!(first, second);
        }
        assert_eq!(first.len(), second.len());
    }
    let next = AtomicUsize::new(0);
    let unseen: Vec<Fault> = std::thread::scope(|scope| {
        let search = || {
            let mut unseen = Vec::new();
            while let Some(fault) = Fault::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                let script = fault.script();
                let seen = good
                    .iter()
                    .zip(ALL)
                    .any(|(good, conversation)| *good != conversation(&script, Some(good)));
                if !seen {
                    unseen.push(*fault);
                }
            }
            unseen
        };
        let threads: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(search)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(unseen, []);
}
