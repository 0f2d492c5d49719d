// Runs the snippets on the desktop: asks what jobs.json lists, prints the answers as JSON.
import edgetlc.ChangedException
import edgetlc.Classifier
import edgetlc.ModelBundle
import edgetlc.OrtEngine
import edgetlc.Pixels
import edgetlc.decodePhoto
import edgetlc.hostPixels
import edgetlc.reductions
import edgetlc.selfTest
import java.io.File
import java.security.MessageDigest
import kotlin.system.exitProcess
import org.json.JSONArray
import org.json.JSONObject

fun main(args: Array<String>) {
    val asked = JSONObject(File(args[0]).readText())
    val folder = File(asked.getString("bundle"))
    val found = try {
        val bundle = ModelBundle(asked.getString("digest")) { File(folder, it).readBytes() }
        val classifier = Classifier(bundle, asked.getString("model"), ::OrtEngine)
        val jobs = asked.getJSONArray("jobs")
        JSONArray(List(jobs.length()) { answer(classifier, jobs.getJSONObject(it)) })
    } catch (error: ChangedException) {
        JSONArray(listOf(JSONObject().put("refused", error.message)))
    }
    println(found)
    exitProcess(0)
}

fun answer(classifier: Classifier, job: JSONObject): JSONObject = when (job.getString("kind")) {
    "host" -> {
        val (width, height) = job.getInt("width") to job.getInt("height")
        val decoded = Pixels(File(job.getString("rgb")).readBytes(), height, width)
        val by = reductions(width, height, job.getInt("size"))
        told(hostPixels(decoded, by, false, job.getInt("orientation")))
    }
    "photo" -> {
        val pixels = decodePhoto(File(job.getString("file")).readBytes(), job.getInt("size"))
        if (job.has("save")) File(job.getString("save")).writeBytes(pixels.rgb)
        told(pixels)
    }
    "classify" -> {
        val pixels = Pixels(
            File(job.getString("rgb")).readBytes(), job.getInt("height"), job.getInt("width"),
        )
        val said = classifier.classify(pixels)
        JSONObject()
            .put("label", said.label.name)
            .put("confidence", said.confidence)
            .put("needed", said.needed)
            .put("sure", said.sure)
            .put("runner_up", said.runnerUp.name)
            .put("runner_up_confidence", said.runnerUpConfidence)
    }
    else -> selfTest(classifier, machine(), "2026-01-01T00:00:00+00:00", ::decodePhoto)
}

fun told(pixels: Pixels): JSONObject = JSONObject()
    .put("height", pixels.height)
    .put("width", pixels.width)
    .put("sha256", sha256(pixels.rgb))

fun sha256(bytes: ByteArray): String =
    MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }

fun machine(): JSONObject = JSONObject()
    .put("system", System.getProperty("os.name"))
    .put("architecture", System.getProperty("os.arch"))
    .put("processor", "")
    .put("cores", Runtime.getRuntime().availableProcessors())
