//! The hash table from terms to numbers.

use rayon::prelude::*;

/// Multiplied into every word of a term: the bits of the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A place of the table without a term.
const EMPTY: Slot = Slot { start: 0, hash: 0, id: u32::MAX };

/// Terms, numbered from 0 in the order of their insertion: words of text, without zero bytes.
///
/// Open addressing with linear probing (Knuth, *The Art of Computer Programming*, 3, 6.4), and all
/// terms in one string: a corpus has millions of tokens, and a `String` for each would take longer
/// than everything else.
#[derive(Clone)]
pub(super) struct Terms {
    slots: Vec<Slot>,
    text: String,
    /// Term `id` is `text[bounds[id]..bounds[id + 1]]`.
    bounds: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Slot {
    start: u64,
    hash: u32,
    id: u32,
}

/// What finds a term in a table.
#[derive(Clone, Copy)]
pub(super) struct Key {
    /// Its first bytes. A term of less than eight is known by them alone.
    start: u64,
    hash: u32,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { slots: vec![EMPTY; 64], text: String::new(), bounds: vec![0] }
    }
}

impl Terms {
    /// How many terms there are.
    pub(super) fn len(&self) -> usize {
        self.bounds.len() - 1
    }

    /// A term; an empty one for a number that was never given.
    #[inline]
    pub(super) fn term(&self, id: u32) -> &str {
        let bound = |i: usize| self.bounds.get(i).copied().unwrap_or_default();
        let id = id as usize;
        self.text.get(bound(id)..bound(id + 1)).unwrap_or_default()
    }

    /// All terms, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|id| self.term(id))
    }

    /// Sorts numbers by their terms, which is by code point.
    pub(super) fn sort(&self, ids: &mut [u32]) {
        let mut keyed: Vec<(u64, u32)> = ids.iter().map(|&id| (start(self.term(id)), id)).collect();
        keyed.par_sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| self.term(a.1).cmp(self.term(b.1)))
        });
        ids.iter_mut().zip(keyed).for_each(|(id, (_, sorted))| *id = sorted);
    }

    /// The number of a term.
    #[inline]
    pub(super) fn get(&self, key: Key, term: &str) -> Option<u32> {
        let slot = self.slots[self.place(key, term)];
        (slot.id != EMPTY.id).then_some(slot.id)
    }

    /// The number of a term, a new one if it had none.
    #[inline]
    pub(super) fn insert(&mut self, key: Key, term: &str) -> u32 {
        let place = self.place(key, term);
        let slot = self.slots[place];
        if slot.id != EMPTY.id {
            return slot.id;
        }
        let id = self.len() as u32;
        self.slots[place] = Slot { start: key.start, hash: key.hash, id };
        self.text.push_str(term);
        self.bounds.push(self.text.len());
        if self.bounds.len() * 2 > self.slots.len() {
            self.grow();
        }
        id
    }

    /// Where the term is, or else the empty place for it. Half of the places are empty, so that
    /// there is one, and near.
    #[inline]
    fn place(&self, key: Key, term: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut place = key.hash as usize & mask;
        loop {
            let slot = self.slots[place];
            let alike = slot.start == key.start && slot.hash == key.hash;
            if slot.id == EMPTY.id || (alike && (term.len() < 8 || self.term(slot.id) == term)) {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
        for slot in old.into_iter().filter(|slot| slot.id != EMPTY.id) {
            let mut place = slot.hash as usize & (size - 1);
            while self.slots[place].id != EMPTY.id {
                place = (place + 1) & (size - 1);
            }
            self.slots[place] = slot;
        }
    }
}

impl<'a> FromIterator<&'a str> for Terms {
    fn from_iter<I: IntoIterator<Item = &'a str>>(terms: I) -> Terms {
        let mut table = Terms::default();
        for term in terms {
            table.insert(Key::of(term), term);
        }
        table
    }
}

impl Key {
    /// The key of a term, which has no zero bytes.
    ///
    /// The hash takes eight bytes at a time and mixes each word in by a multiplication whose
    /// halves are added without carry (the step of wyhash, by Wang Yi). It is not for terms that
    /// someone chooses to make them collide.
    #[inline]
    pub(super) fn of(term: &str) -> Key {
        let start = start(term);
        let term = term.as_bytes();
        let mut state = mixed(start ^ MULTIPLIER);
        if let Some(last) = term.last_chunk::<8>() {
            for word in term[8..].as_chunks::<8>().0 {
                state = mixed(state ^ u64::from_le_bytes(*word));
            }
            state = mixed(state ^ u64::from_le_bytes(*last) ^ term.len() as u64);
        }
        Key { start, hash: (state >> 32 ^ state) as u32 }
    }
}

/// The first eight bytes of a term as one word, the first byte the highest, zeros after the last.
#[inline]
fn start(term: &str) -> u64 {
    let term = term.as_bytes();
    if let Some(first) = term.first_chunk::<8>() {
        u64::from_be_bytes(*first)
    } else if let (Some(first), Some(last)) = (term.first_chunk::<4>(), term.last_chunk::<4>()) {
        // The two overlap, where they agree.
        let (first, last) = (u32::from_be_bytes(*first), u32::from_be_bytes(*last));
        u64::from(first) << 32 | u64::from(last) << (8 * (8 - term.len()))
    } else {
        let byte = |i: usize| term.get(i).map_or(0, |&byte| u64::from(byte) << (56 - 8 * i));
        byte(0) | byte(1) | byte(2)
    }
}

#[inline]
fn mixed(word: u64) -> u64 {
    let product = u128::from(word) * u128::from(MULTIPLIER);
    (product >> 64) as u64 ^ product as u64
}
