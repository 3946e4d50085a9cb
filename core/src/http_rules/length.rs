//! The length that a head announces, and the body that follows it. Pure.

/// Why lengths do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LengthError {
    /// It is no number of bytes.
    #[error("the Content-Length {0:?} is no number of bytes")]
    NoNumber(String),
    /// There are several, and they differ.
    #[error("the head has the Content-Length {0} and the Content-Length {1}")]
    Several(u64, u64),
    /// More came than was announced.
    #[error("the Content-Length is {announced}, and at least {came} bytes came")]
    TooMany {
        /// What the head says.
        announced: u64,
        /// What came so far.
        came: u64,
    },
    /// Less came than was announced.
    #[error("the Content-Length is {announced}, and the body was complete after {came} bytes")]
    TooFew {
        /// What the head says.
        announced: u64,
        /// What came.
        came: u64,
    },
}

/// The length that these values of `Content-Length` announce; the same one may be said several times, also in one list.
///
/// # Errors
/// When one is no number, or they differ.
pub fn announced<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<u64>, LengthError> {
    let mut known = None;
    for value in values {
        for item in value.split(|byte| *byte == b',') {
            let number = number(item.trim_ascii())
                .ok_or_else(|| LengthError::NoNumber(value.escape_ascii().to_string()))?;
            match known {
                Some(known) if known != number => return Err(LengthError::Several(known, number)),
                _ => known = Some(number),
            }
        }
    }
    Ok(known)
}

/// Digits and nothing else: a parser of integers would take a sign.
fn number(item: &[u8]) -> Option<u64> {
    let digits = item.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(item).ok().filter(|_| digits)?;
    text.parse().ok()
}

/// Compares a body with what its head announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Length {
    announced: Option<u64>,
    came: u64,
}

impl Length {
    /// A body of this length, where it is known.
    pub fn new(announced: Option<u64>) -> Self {
        Self { announced, came: 0 }
    }

    /// So many more bytes have come.
    ///
    /// # Errors
    /// When they are too many.
    pub fn push(&mut self, bytes: usize) -> Result<(), LengthError> {
        self.came += bytes as u64;
        let came = self.came;
        match self.announced {
            Some(announced) if came > announced => Err(LengthError::TooMany { announced, came }),
            _ => Ok(()),
        }
    }

    /// The body is complete.
    ///
    /// # Errors
    /// When bytes are missing.
    pub fn end(&self) -> Result<(), LengthError> {
        let came = self.came;
        match self.announced {
            Some(announced) if came < announced => Err(LengthError::TooFew { announced, came }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[&str]) -> Result<Option<u64>, LengthError> {
        announced(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn one_length_may_be_said_twice_and_two_may_not() {
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["0"]), Ok(Some(0)));
        assert_eq!(of(&[" 42 "]), Ok(Some(42)));
        assert_eq!(of(&["42", "42, 042"]), Ok(Some(42)));
        assert_eq!(of(&["18446744073709551615"]), Ok(Some(u64::MAX)));
        assert_eq!(of(&["5", "6"]), Err(LengthError::Several(5, 6)));
        assert_eq!(of(&["5,6"]), Err(LengthError::Several(5, 6)));
        for value in [
            "",
            "+5",
            "-5",
            "5 5",
            "0x5",
            "5;",
            "18446744073709551616",
            "5,",
            "é",
            "٣",
        ] {
            let error = of(&[value]).unwrap_err();
            assert!(
                matches!(error, LengthError::NoNumber(_)),
                "{value:?}: {error}"
            );
        }
    }

    #[test]
    fn a_body_of_exactly_its_length_fits_and_one_byte_decides() {
        for said in [0, 5] {
            let mut length = Length::new(Some(said));
            assert_eq!(length.push(usize::try_from(said).unwrap()), Ok(()));
            assert_eq!(length.end(), Ok(()));
            let (announced, came) = (said, said + 1);
            let error = LengthError::TooMany { announced, came };
            assert_eq!(length.push(1), Err(error));
        }
        let error = LengthError::TooFew {
            announced: 1,
            came: 0,
        };
        assert_eq!(Length::new(Some(1)).end(), Err(error));
    }

    proptest! {
        #[test]
        fn a_body_fits_exactly_or_the_difference_is_named(
            said in proptest::option::of(0_u64..40),
            pieces in proptest::collection::vec(0_usize..12, 0..6),
        ) {
            let mut length = Length::new(said);
            let whole: u64 = pieces.iter().map(|piece| *piece as u64).sum();
            let pushed: Result<Vec<()>, _> = pieces.iter().map(|piece| length.push(*piece)).collect();
            let result = pushed.map(drop).and_then(|()| length.end());
            match said {
                Some(said) if whole > said => {
                    let Err(LengthError::TooMany { announced, came }) = result else {
                        return Err(TestCaseError::fail("too much was taken"));
                    };
                    prop_assert!(announced == said && came > said && came <= whole);
                }
                Some(said) if whole < said => {
                    prop_assert_eq!(result, Err(LengthError::TooFew { announced: said, came: whole }));
                }
                _ => prop_assert_eq!(result, Ok(())),
            }
        }
    }
}
