package edgetlc

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.ColorSpace
import android.media.ExifInterface
import java.io.ByteArrayInputStream

private const val MAX_PIXELS = 50_000_000L
private const val MAX_ASPECT = 32L

/**
 * The host step of the pixel contract with Android's decoder (Android 8, API 26, or newer).
 *
 * Android's decoder applies no orientation, converts to sRGB, and scales a JPEG by 2, 4 or 8 as
 * libjpeg does; it only drops rows and columns of other formats, so those are decoded whole.
 */
fun decodePhoto(photo: ByteArray, size: Int): Pixels {
    val header = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeByteArray(photo, 0, photo.size, header)
    val (width, height) = header.outWidth to header.outHeight
    require(width > 0 && height > 0) { "this is no photo that Android reads" }
    require(width.toLong() * height <= MAX_PIXELS && maxOf(width, height) <= MAX_ASPECT * minOf(width, height)) {
        "the photo has $width x $height pixels, which is too large or too long"
    }
    val by = reductions(width, height, size)
    val sampled = if (header.outMimeType == "image/jpeg") by.s else 1
    var bitmap = decode(photo, sampled)
    val scaled = sampled > 1 &&
        bitmap.width == ceilDiv(width, by.s) && bitmap.height == ceilDiv(height, by.s)
    if (sampled > 1 && !scaled) bitmap = decode(photo, 1)
    val decoded = rgb(bitmap)
    bitmap.recycle()
    return hostPixels(decoded, by, scaled, orientation(photo, header.outMimeType))
}

private fun decode(photo: ByteArray, sampled: Int): Bitmap {
    val options = BitmapFactory.Options().apply {
        inSampleSize = sampled
        inScaled = false
        inPreferredConfig = Bitmap.Config.ARGB_8888
        inPreferredColorSpace = ColorSpace.get(ColorSpace.Named.SRGB)
    }
    return BitmapFactory.decodeByteArray(photo, 0, photo.size, options)
        ?: throw IllegalArgumentException("the photo is damaged")
}

private fun rgb(bitmap: Bitmap): Pixels {
    val (width, height) = bitmap.width to bitmap.height
    val samples = ByteArray(3 * width * height)
    val row = IntArray(width)
    var at = 0
    for (y in 0 until height) {
        bitmap.getPixels(row, 0, width, 0, y, width, 1)
        for (argb in row) {
            val alpha = argb ushr 24
            for (shift in intArrayOf(16, 8, 0)) {
                samples[at++] = overWhite(argb shr shift and 255, alpha).toByte()
            }
        }
    }
    return Pixels(samples, height, width)
}

private fun overWhite(value: Int, alpha: Int): Int =
    if (alpha == 255) value else (2 * (value * alpha + 255 * (255 - alpha)) + 255) / 510

/** Of HEIC and AVIF Android's decoder applies the file's own turns, and EXIF's must not count. */
private fun orientation(photo: ByteArray, kind: String?): Int {
    if (kind !in listOf("image/jpeg", "image/png", "image/webp")) return 1
    val tags = ExifInterface(ByteArrayInputStream(photo))
    return tags.getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)
}
