//! A regular expression that pays for what it looks at.
//!
//! A search is linear, but what it looks at is not known before: to find where `a(.*x)?` ends, each match may look at the
//! whole text that follows. So an automaton goes ahead, one byte after the other, up to where nothing can match any more.

use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::captures::Captures;
use regex_automata::util::iter::Searcher;
use regex_automata::util::look::Look;
use regex_automata::util::syntax;
use regex_automata::{Input, Match};

use super::Arguments;
use crate::config::context::{Eval, Failure};

/// Bytes that a compiled expression may take.
const SIZE: usize = 1024 * 1024;
/// How deep its groups may nest.
const NESTING: u32 = 50;
/// The work of looking up a class of Unicode, in steps.
const CLASS: usize = 5000;
/// The work of making one of its states, in steps, and how many of them one byte passes through in a step.
const MAKING: usize = 8;
const PASSING: usize = 64;
/// Bytes that are paid for at once.
const CHUNK: usize = 1024;

pub(super) struct Search<'a, 'b, 'c> {
    arguments: &'a Arguments<'b, 'c>,
    states: usize,
    /// Whether it asks for what holds between the bytes of a character, too: `\\B`.
    within_characters: bool,
    ahead: (DFA, dfa::Cache),
    machine: (PikeVM, pikevm::Cache),
}

impl<'a, 'b, 'c> Search<'a, 'b, 'c> {
    /// Compiles what an argument says.
    pub fn new(arguments: &'a Arguments<'b, 'c>, at: usize, pattern: &str) -> Eval<Self> {
        let wrong = |why: &dyn std::fmt::Display| wrong(arguments, at, why);
        // Compiling costs more than the text is long, and most where it names a class of Unicode.
        let classes = pattern.matches(r"\p").count() + pattern.matches(r"\P").count();
        let cost = 1000 + pattern.len() * 16 + classes * CLASS;
        arguments.context.spend(cost, arguments.span)?;
        let syntax = syntax::Config::new().nest_limit(NESTING).utf8(false);
        let size = thompson::Config::new().nfa_size_limit(Some(SIZE));
        let nfa = NFA::compiler()
            .syntax(syntax)
            .configure(size)
            .build(pattern);
        let states = nfa.as_ref().map_or(SIZE / 32, |nfa| nfa.states().len());
        arguments.context.spend(states * MAKING, arguments.span)?;
        let nfa = nfa.map_err(|error| wrong(&cause(&error)))?;
        let bounds = DFA::config()
            .cache_capacity(SIZE)
            .skip_cache_capacity_check(true);
        let ahead = DFA::builder().configure(bounds).build_from_nfa(nfa.clone());
        let ahead = ahead.map_err(|error| wrong(&error))?;
        let ahead_cache = ahead.create_cache();
        let asks = nfa.look_set_any();
        let machine = PikeVM::new_from_nfa(nfa).map_err(|error| wrong(&error))?;
        let machine_cache = machine.create_cache();
        Ok(Search {
            arguments,
            states,
            within_characters: asks.contains(Look::WordAsciiNegate),
            ahead: (ahead, ahead_cache),
            machine: (machine, machine_cache),
        })
    }

    /// The names of the groups that have one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let groups = self.machine.0.get_nfa().group_info();
        groups.all_names().filter_map(|(_, _, name)| name)
    }

    /// Each match in its turn.
    pub fn all(&mut self, text: &str, mut see: impl FnMut(&Captures) -> Eval<()>) -> Eval<()> {
        let mut searcher = Searcher::new(Input::new(text));
        let mut found = self.machine.0.create_captures();
        let mut failed = None;
        while searcher
            .advance(|input| {
                Ok(self.next(input, &mut found).unwrap_or_else(|failure| {
                    failed = Some(failure);
                    None
                }))
            })
            .is_some()
        {
            see(&found)?;
        }
        failed.map_or(Ok(()), Err)
    }

    pub fn matches(&mut self, text: &str) -> Eval<bool> {
        Ok(self.reach(&Input::new(text))?.is_some())
    }

    /// The first match.
    pub fn first(&mut self, text: &str) -> Eval<Option<Captures>> {
        let mut found = self.machine.0.create_captures();
        let is = self.next(&Input::new(text), &mut found)?.is_some();
        Ok(is.then_some(found))
    }

    fn next(&mut self, input: &Input, found: &mut Captures) -> Eval<Option<Match>> {
        // No match begins within a character, as it would seem to the automaton where nothing is matched.
        let text = input.haystack();
        let within = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
        let start = (input.start()..).find(|at| !within(at));
        let mut input = input.clone();
        input.set_start(start.unwrap_or(input.end()));
        let Some(end) = self.reach(&input)? else {
            return Ok(None);
        };
        if !self.within_characters {
            input.set_end(end);
        }
        self.pay(input.end() - input.start())?;
        let (machine, cache) = &mut self.machine;
        machine.captures(cache, input, found);
        Ok(found.get_match())
    }

    /// Up to where the text decides the next match; none if there is no match.
    fn reach(&mut self, input: &Input) -> Eval<Option<usize>> {
        let (mut matches, mut unpaid) = (false, 0);
        let mut state = {
            let (ahead, cache) = &mut self.ahead;
            ahead
                .start_state_forward(cache, input)
                .map_err(|error| self.broken(&error))?
        };
        for at in input.start()..=input.end() {
            unpaid += 1;
            if unpaid == CHUNK {
                self.pay(std::mem::take(&mut unpaid))?;
            }
            let (ahead, cache) = &mut self.ahead;
            let next = match input.haystack().get(at) {
                Some(byte) => ahead.next_state(cache, state, *byte),
                None => ahead.next_eoi_state(cache, state),
            };
            state = next.map_err(|error| self.broken(&error))?;
            matches |= state.is_match();
            if state.is_dead() || state.is_quit() {
                self.pay(unpaid)?;
                return Ok((matches || state.is_quit()).then_some(at));
            }
        }
        self.pay(unpaid)?;
        Ok(matches.then_some(input.end()))
    }

    fn pay(&self, bytes: usize) -> Eval<()> {
        let steps = bytes * (4 + self.states) / PASSING;
        self.arguments.context.spend(1 + steps, self.arguments.span)
    }

    fn broken(&self, error: &dyn std::error::Error) -> Failure {
        self.arguments.wrong(0, error)
    }
}

pub(super) fn wrong(arguments: &Arguments, at: usize, why: &dyn std::fmt::Display) -> Failure {
    arguments.wrong(at, format!("this is not a regular expression: {why}"))
}

/// What is wrong with an expression, in one line.
fn cause(error: &thompson::BuildError) -> String {
    if error.size_limit().is_some() {
        return "what repeats in it makes it larger than 1 MiB".to_owned();
    }
    let source = std::error::Error::source(error).map(ToString::to_string);
    let text = source.unwrap_or_else(|| error.to_string());
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}
