package edgetlc

import kotlin.math.abs
import org.json.JSONArray
import org.json.JSONObject

private const val GOLDEN = "golden/golden.json"
private const val PIXEL_TOLERANCE = 2
private val PROBABILITY_TOLERANCE = mapOf("fp32" to 1e-3, "int8" to 5e-2)

/**
 * Replays the bundle's golden vectors: does this phone decode and classify as the writer did?
 *
 * [decode] is the app's own host step: a file's bytes and the network's size to pixels. [machine]
 * has the fields `system`, `architecture`, `processor` (texts) and `cores`; [created] is now, in
 * UTC, as ISO 8601. Returns the report that `edgetlc answers judge --merge` reads; its `passed` says all.
 */
fun selfTest(
    classifier: Classifier,
    machine: JSONObject,
    created: String,
    decode: (ByteArray, Int) -> Pixels,
): JSONObject {
    val bundle = classifier.bundle
    val golden = JSONObject(bundle.file(GOLDEN).decodeToString())
    val expected = golden.getJSONArray("outputs").objects().first {
        it.getString("model") == classifier.model && it.getString("engine") == "onnxruntime"
    }
    val rows = expected.getJSONArray("probabilities")
    val photos = mutableListOf<JSONObject>()
    val answers = mutableListOf<JSONObject>()
    golden.getJSONArray("inputs").objects().forEachIndexed { i, input ->
        val photo = input.getString("photo")
        val wanted = decode(bundle.file(input.getString("pixels")), bundle.size)
        photos += compared(photo, decode(bundle.file(photo), bundle.size), wanted)
        val row = rows.getJSONArray(i)
        val before = FloatArray(row.length()) { row.getDouble(it).toFloat() }
        answers += answered(photo, before, classifier.probabilities(wanted), bundle.classes)
    }
    val tolerance = PROBABILITY_TOLERANCE.getValue(classifier.precision)
    val samePixels = photos.all { !it.isNull("largest") && it.getInt("largest") <= PIXEL_TOLERANCE }
    val sameAnswers = answers.all {
        it.getString("expected") == it.getString("found") && it.getDouble("largest") <= tolerance
    }
    val model = JSONObject()
        .put("model", classifier.model)
        .put("engine", classifier.engine.name)
        .put("written_by", expected.getString("written_by"))
        .put("answers", JSONArray(answers))
        .put("passed", sameAnswers)
    return JSONObject()
        .put("kind", "edgetlc-selftest")
        .put("schema", 1)
        .put("passed", samePixels && sameAnswers)
        .put("bundle_digest", bundle.digest)
        .put("created", created)
        .put("edgetlc", bundle.edgetlc)
        .put("machine", machine.put("python", ""))
        .put("pixels", JSONObject().put("photos", JSONArray(photos)).put("passed", samePixels))
        .put("models", JSONArray(listOf(model)))
}

private fun compared(photo: String, found: Pixels, wanted: Pixels): JSONObject {
    val same = found.height == wanted.height && found.width == wanted.width
    val differences = if (same) found.rgb.indices.map { difference(found, wanted, it) } else null
    return JSONObject()
        .put("photo", photo)
        .put("largest", differences?.max() ?: JSONObject.NULL)
        .put("differing", differences?.count { it > 0 } ?: JSONObject.NULL)
        .put("samples", wanted.rgb.size)
}

private fun difference(a: Pixels, b: Pixels, i: Int): Int =
    abs((a.rgb[i].toInt() and 255) - (b.rgb[i].toInt() and 255))

private fun answered(
    photo: String,
    before: FloatArray,
    after: FloatArray,
    classes: List<ClassInfo>,
): JSONObject = JSONObject()
    .put("photo", photo)
    .put("expected", classes[before.indices.maxBy { before[it] }].name)
    .put("found", classes[after.indices.maxBy { after[it] }].name)
    .put("largest", before.indices.maxOf { abs(after[it] - before[it]) }.toDouble())
