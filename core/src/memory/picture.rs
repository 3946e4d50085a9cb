//! Images: what they are, how they become profile pictures and team icons, and the one of those who have none. Pure.

use std::io::Cursor;

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Rgb, RgbImage};
use sha2::{Digest as _, Sha256};

/// The side of a profile picture and of a team icon.
const SIDE: u32 = 128;

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It is no image.
    Decode,
    /// It cannot be written.
    Encode,
}

/// What an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) width: u32,
    pub(super) height: u32,
    /// `png`, `jpeg` or `gif`.
    pub(super) format: &'static str,
}

/// What these bytes are, if they are an image; only their beginning is read.
pub(super) fn facts(data: &[u8]) -> Option<Facts> {
    let reader = ImageReader::new(Cursor::new(data))
        .with_guessed_format()
        .ok()?;
    let format = match reader.format()? {
        ImageFormat::Png => "png",
        ImageFormat::Jpeg => "jpeg",
        ImageFormat::Gif => "gif",
        _ => return None,
    };
    let (width, height) = reader.into_dimensions().ok()?;
    Some(Facts {
        width,
        height,
        format,
    })
}

/// An image turned upright.
fn upright(data: &[u8]) -> Option<DynamicImage> {
    let reader = ImageReader::new(Cursor::new(data))
        .with_guessed_format()
        .ok()?;
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    Some(image)
}

/// An image, its middle cut to a square, as PNG.
pub(super) fn square(data: &[u8]) -> Result<Vec<u8>, Unusable> {
    let image = upright(data).ok_or(Unusable::Decode)?;
    encode(&image.resize_to_fill(SIDE, SIDE, FilterType::Triangle))
}

/// The small preview that comes with a file's description: JPEG of 16 times 16.
pub(super) fn mini_preview(data: &[u8]) -> Option<Vec<u8>> {
    let image = upright(data)?.resize_exact(16, 16, FilterType::Triangle);
    let mut written = Cursor::new(Vec::new());
    DynamicImage::from(image.to_rgb8())
        .write_to(&mut written, ImageFormat::Jpeg)
        .ok()?;
    Some(written.into_inner())
}

/// A picture that is the same for the same name: five times five fields, left and right alike.
pub(super) fn made_of(name: &str) -> Vec<u8> {
    const FIELD: u32 = SIDE / 5 + 1;
    let digest = Sha256::digest(name.as_bytes());
    let color = Rgb([digest[0] / 2, digest[1] / 2, digest[2] / 2]);
    let field = |x: u32, y: u32| {
        let mirrored = x.min(4 - x);
        let at = usize::try_from(3 + 5 * mirrored + y).unwrap_or_default();
        digest[at % digest.len()] % 2 == 0
    };
    let image = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        if field(x / FIELD, y / FIELD) {
            color
        } else {
            Rgb([240, 240, 240])
        }
    });
    encode(&image.into()).unwrap_or_default()
}

fn encode(image: &DynamicImage) -> Result<Vec<u8>, Unusable> {
    let mut written = Cursor::new(Vec::new());
    image
        .write_to(&mut written, ImageFormat::Png)
        .map_err(|_| Unusable::Encode)?;
    Ok(written.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_squares_of_png() {
        let one = made_of("one");
        let png = Facts {
            width: SIDE,
            height: SIDE,
            format: "png",
        };
        assert_eq!(facts(&one), Some(png));
        assert!(one == made_of("one") && one != made_of("other"));
        let wide = encode(&RgbImage::new(300, 10).into()).unwrap();
        assert_eq!(
            facts(&wide).map(|facts| (facts.width, facts.height)),
            Some((300, 10))
        );
        assert_eq!(facts(&square(&wide).unwrap()), Some(png));
        let small = mini_preview(&wide).unwrap();
        assert_eq!(facts(&small).map(|facts| facts.format), Some("jpeg"));
        assert_eq!(square(b"no image"), Err(Unusable::Decode));
        assert_eq!(facts(b"no image"), None);
    }
}
