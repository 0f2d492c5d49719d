package edgetlc

/** What the model takes, without the batch: RGB in sRGB, row by row, 3 bytes a pixel. */
class Pixels(val rgb: ByteArray, val height: Int, val width: Int) {
    init {
        require(height > 0 && width > 0 && rgb.size == 3 * height * width) {
            "${rgb.size} bytes are not $height x $width pixels"
        }
    }
}

/** The whole-number reductions of the pixel contract, step 3. */
data class Reductions(val s: Int, val k: Int)

/** Returns s and k of a photo whose header declares [width] x [height], for a network of [size]. */
fun reductions(width: Int, height: Int, size: Int): Reductions {
    val short = minOf(width, height)
    val s = listOf(8, 4, 2).firstOrNull { short >= 2 * size * it } ?: 1
    return Reductions(s, maxOf(1, ceilDiv(short, s) / size))
}

/**
 * Does what is left of the host step after decoding: steps 6 and 7 of the pixel contract.
 *
 * [scaled] tells that the decoder has done the reduction s already, as libjpeg does while it
 * decodes. [orientation] is EXIF's, 1 to 8; anything else counts as 1.
 */
fun hostPixels(decoded: Pixels, by: Reductions, scaled: Boolean, orientation: Int): Pixels {
    val once = if (scaled) decoded else boxMean(decoded, by.s)
    return upright(boxMean(once, by.k), orientation)
}

/** Returns the mean over factor x factor boxes; boxes at the edges average what they have. */
fun boxMean(photo: Pixels, factor: Int): Pixels {
    if (factor == 1) return photo
    val down = ceilDiv(photo.height, factor)
    val across = ceilDiv(photo.width, factor)
    val means = ByteArray(3 * down * across)
    val sums = IntArray(3 * across)
    for (box in 0 until down) {
        val rows = box * factor until minOf(photo.height, (box + 1) * factor)
        sums.fill(0)
        for (y in rows) addRow(sums, photo, y, factor)
        for (i in sums.indices) {
            val n = rows.count() * minOf(factor, photo.width - i / 3 * factor)
            val mean = (sums[i] + n / 2).toLong() * ((1 shl 24) / n) shr 24
            means[box * sums.size + i] = mean.toByte()
        }
    }
    return Pixels(means, down, across)
}

private fun addRow(sums: IntArray, photo: Pixels, y: Int, factor: Int) {
    var at = 3 * y * photo.width
    for (x in 0 until photo.width) {
        val target = 3 * (x / factor)
        for (c in 0..2) sums[target + c] += photo.rgb[at++].toInt() and 255
    }
}

/** Turns a photo as EXIF's orientation says. */
fun upright(photo: Pixels, orientation: Int): Pixels {
    if (orientation !in 2..8) return photo
    val (h, w) = photo.height to photo.width
    val (height, width) = if (orientation >= 5) w to h else h to w
    val turned = ByteArray(photo.rgb.size)
    var at = 0
    for (y in 0 until height) for (x in 0 until width) {
        val from = 3 * when (orientation) {
            2 -> y * w + (w - 1 - x)
            3 -> (h - 1 - y) * w + (w - 1 - x)
            4 -> (h - 1 - y) * w + x
            5 -> x * w + y
            6 -> (h - 1 - x) * w + y
            7 -> (h - 1 - x) * w + (w - 1 - y)
            else -> x * w + (w - 1 - y)
        }
        for (c in 0..2) turned[at++] = photo.rgb[from + c]
    }
    return Pixels(turned, height, width)
}

internal fun ceilDiv(a: Int, b: Int): Int = (a + b - 1) / b
