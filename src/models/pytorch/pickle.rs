//! Python's pickles, as far as checkpoints need them (Python's `pickletools.py` describes all of it).
//! A pickle is a program for a machine with a stack; here it can make numbers, texts, tuples, lists,
//! dictionaries and views of tensors. Whatever else it names becomes [`Value::Other`].

use super::kind_of;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tch::Kind;

/// What a pickle describes.
#[derive(Clone, Debug)]
pub enum Value {
    Other,
    Int(i128),
    Text(String),
    Tuple(Vec<Value>),
    List(Rc<RefCell<Vec<Value>>>),
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
    /// A class or a function: its module and name.
    Global(String, String),
    Storage(Storage),
    Tensor(View),
}

/// Numbers that lie elsewhere in the file.
#[derive(Clone, Debug)]
pub struct Storage {
    pub key: String,
    pub kind: Kind,
}

/// A tensor: a view of a storage.
#[derive(Clone, Debug)]
pub struct View {
    pub storage: Storage,
    /// In elements.
    pub offset: i64,
    pub shape: Vec<i64>,
    pub strides: Vec<i64>,
}

type Read<T> = Result<T, String>;

/// Reads one pickle after the other.
pub struct Pickle<'a> {
    bytes: &'a [u8],
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<usize, Value>,
    sizes: HashMap<String, usize>,
}

impl<'a> Pickle<'a> {
    pub fn new(bytes: &'a [u8]) -> Pickle<'a> {
        let (stack, marks) = (Vec::new(), Vec::new());
        Pickle { bytes, stack, marks, memo: HashMap::new(), sizes: HashMap::new() }
    }

    /// The bytes of an element of a storage that was named.
    pub fn element_size(&self, key: &str) -> Option<usize> {
        self.sizes.get(key).copied()
    }

    /// The next so many bytes.
    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or("the file is cut off")?;
        self.bytes = rest;
        Ok(taken)
    }

    /// The next pickle.
    pub fn read(&mut self) -> Read<Value> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        loop {
            match self.take(1)?[0] {
                b'.' => return self.pop(),
                code => self.step(code)?,
            }
        }
    }

    fn step(&mut self, code: u8) -> Read<()> {
        match code {
            0x80 => drop(self.take(1)?),                             // PROTO
            0x95 => drop(self.take(8)?),                             // FRAME
            b'(' => self.marks.push(self.stack.len()),               // MARK
            b'0' => drop(self.pop()?),                               // POP
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),     // None, True, False
            b'G' => self.other(8)?,                                  // BINFLOAT
            b'K' => self.int(1)?,                                    // BININT1
            b'M' => self.int(2)?,                                    // BININT2
            b'J' => self.int(4)?,                                    // BININT
            0x8a => self.long()?,                                    // LONG1
            0x8c | b'U' => self.text(1)?,                            // short texts
            b'X' | b'T' => self.text(4)?,                            // texts
            b'C' => self.bytes(1)?,                                  // SHORT_BINBYTES
            b'B' => self.bytes(4)?,                                  // BINBYTES
            b')' => self.stack.push(Value::Tuple(Vec::new())),       // EMPTY_TUPLE
            b']' => self.stack.push(Value::List(Rc::default())),     // EMPTY_LIST
            b'}' => self.stack.push(Value::Dict(Rc::default())),     // EMPTY_DICT
            b't' => self.marked().map(|values| self.tuple(values))?, // TUPLE
            0x85..=0x87 => self.last(usize::from(code - 0x84)).map(|values| self.tuple(values))?, // TUPLE1, 2, 3
            b'a' => self.last(1).map(|values| self.append(values))?, // APPEND
            b'e' => self.marked().map(|values| self.append(values))?, // APPENDS
            b's' => self.last(2).map(|values| self.insert(values))?, // SETITEM
            b'u' => self.marked().map(|values| self.insert(values))?, // SETITEMS
            b'q' => self.put(1)?,                                    // BINPUT
            b'r' => self.put(4)?,                                    // LONG_BINPUT
            0x94 => self.remember(self.memo.len())?,                 // MEMOIZE
            b'h' => self.get(1)?,                                    // BINGET
            b'j' => self.get(4)?,                                    // LONG_BINGET
            b'c' => self.global()?,                                  // GLOBAL
            0x93 => self.stack_global()?,                            // STACK_GLOBAL
            b'R' => self.call()?,                                    // REDUCE
            0x81 => self.object()?,                                  // NEWOBJ
            b'b' => drop(self.pop()?),                               // BUILD: attributes
            b'Q' => self.persistent()?,                              // BINPERSID
            other => return Err(format!("a pickle with the code {other:#04x}")),
        }
        Ok(())
    }

    fn pop(&mut self) -> Read<Value> {
        self.stack.pop().ok_or_else(|| "a pickle whose stack is empty".to_owned())
    }

    /// All above the last mark.
    fn marked(&mut self) -> Read<Vec<Value>> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or("a pickle without a mark")?))
    }

    fn last(&mut self, count: usize) -> Read<Vec<Value>> {
        let start = self.stack.len().checked_sub(count).ok_or("a pickle whose stack is empty")?;
        Ok(self.stack.split_off(start))
    }

    /// A little-endian number of so many bytes.
    fn number(&mut self, bytes: usize) -> Read<usize> {
        let bytes = self.take(bytes)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn int(&mut self, bytes: usize) -> Read<()> {
        let number = self.number(bytes)?;
        let signed = if bytes == 4 { i128::from(number as u32 as i32) } else { number as i128 };
        self.stack.push(Value::Int(signed));
        Ok(())
    }

    fn long(&mut self) -> Read<()> {
        let length = self.number(1)?;
        let bytes = self.take(length)?;
        if length > 16 {
            return Err("a number of more than 16 bytes".to_owned());
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let start = if negative { -1 } else { 0 };
        let number = bytes.iter().rev().fold(start, |n: i128, byte| n << 8 | i128::from(*byte));
        self.stack.push(Value::Int(number));
        Ok(())
    }

    fn other(&mut self, bytes: usize) -> Read<()> {
        self.take(bytes)?;
        self.stack.push(Value::Other);
        Ok(())
    }

    fn text(&mut self, bytes: usize) -> Read<()> {
        let length = self.number(bytes)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.stack.push(Value::Text(text));
        Ok(())
    }

    fn bytes(&mut self, bytes: usize) -> Read<()> {
        let length = self.number(bytes)?;
        self.other(length)
    }

    fn tuple(&mut self, values: Vec<Value>) {
        self.stack.push(Value::Tuple(values));
    }

    fn append(&mut self, values: Vec<Value>) {
        if let Some(Value::List(list)) = self.stack.last() {
            list.borrow_mut().extend(values);
        }
    }

    /// Keys and values in turns.
    fn insert(&mut self, values: Vec<Value>) {
        if let Some(Value::Dict(dict)) = self.stack.last() {
            let mut values = values.into_iter();
            while let (Some(key), Some(value)) = (values.next(), values.next()) {
                dict.borrow_mut().push((key, value));
            }
        }
    }

    fn put(&mut self, bytes: usize) -> Read<()> {
        let number = self.number(bytes)?;
        self.remember(number)
    }

    fn remember(&mut self, number: usize) -> Read<()> {
        let value = self.stack.last().cloned().ok_or("a pickle whose stack is empty")?;
        self.memo.insert(number, value);
        Ok(())
    }

    fn get(&mut self, bytes: usize) -> Read<()> {
        let number = self.number(bytes)?;
        let value = self.memo.get(&number).cloned();
        self.stack.push(value.ok_or("a pickle that remembers nothing")?);
        Ok(())
    }

    fn global(&mut self) -> Read<()> {
        let module = self.line()?;
        let name = self.line()?;
        self.stack.push(Value::Global(module, name));
        Ok(())
    }

    fn line(&mut self) -> Read<String> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n').ok_or("the file is cut off")?;
        let line = self.take(end + 1)?;
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    fn stack_global(&mut self) -> Read<()> {
        let named = self.last(2)?;
        self.stack.push(match &named[..] {
            [Value::Text(module), Value::Text(name)] => Value::Global(module.clone(), name.clone()),
            _ => Value::Other,
        });
        Ok(())
    }

    /// A call: only those that make a dictionary or a tensor are known.
    fn call(&mut self) -> Read<()> {
        let called = self.last(2)?;
        let [Value::Global(module, name), Value::Tuple(arguments)] = &called[..] else {
            self.stack.push(Value::Other);
            return Ok(());
        };
        self.stack.push(match (module.as_str(), name.as_str(), &arguments[..]) {
            ("collections", "OrderedDict", []) => Value::Dict(Rc::default()),
            ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor", arguments) => {
                view(arguments)
            }
            ("torch._utils", "_rebuild_parameter", [tensor, ..]) => tensor.clone(),
            _ => Value::Other,
        });
        Ok(())
    }

    fn object(&mut self) -> Read<()> {
        self.last(2)?;
        self.stack.push(Value::Other);
        Ok(())
    }

    /// `("storage", class, key, place, count, ...)`
    fn persistent(&mut self) -> Read<()> {
        let named = self.pop()?;
        let Value::Tuple(named) = named else { return Err("a storage without a name".to_owned()) };
        let [_, Value::Global(_, class), Value::Text(key), ..] = &named[..] else {
            return Err("a storage without a name".to_owned());
        };
        let kind = kind_of(class).ok_or_else(|| format!("numbers of the class {class}"))?;
        self.sizes.insert(key.clone(), kind.elt_size_in_bytes());
        self.stack.push(Value::Storage(Storage { key: key.clone(), kind }));
        Ok(())
    }
}

/// `(storage, offset, shape, strides, ...)`
fn view(arguments: &[Value]) -> Value {
    let numbers = |values: &[Value]| -> Option<Vec<i64>> {
        let number = |value: &Value| match value {
            Value::Int(number) => i64::try_from(*number).ok(),
            _ => None,
        };
        values.iter().map(number).collect()
    };
    let found = match arguments {
        [Value::Storage(storage), offset, Value::Tuple(shape), Value::Tuple(strides), ..] => {
            let offset =
                numbers(std::slice::from_ref(offset)).and_then(|found| found.first().copied());
            offset.zip(numbers(shape).zip(numbers(strides))).map(|(offset, (shape, strides))| {
                Value::Tensor(View { storage: storage.clone(), offset, shape, strides })
            })
        }
        _ => None,
    };
    found.unwrap_or(Value::Other)
}
