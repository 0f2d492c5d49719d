package edgetlc

import java.security.MessageDigest
import org.json.JSONArray
import org.json.JSONObject

/** A file of the bundle is not as it was exported, or not there. */
class ChangedException(name: String) :
    Exception("$name is not as it was exported; get the bundle again")

/** A class of the model; [role] is `genuine`, `counterfeit` or `unspecified`. */
data class ClassInfo(val name: String, val zh: String, val en: String, val role: String)

/**
 * A bundle of edgetlc. No byte of it is used before its SHA-256 was compared.
 *
 * [digest] is the SHA-256 of `bundle.json`, as `edgetlc bundle inspect` shows it: keep it in the
 * app's code, not beside the bundle. [read] returns a file's content, on Android for example
 * `{ assets.open("herbs.bundle/$it").use(InputStream::readBytes) }`.
 */
class ModelBundle(val digest: String, private val read: (String) -> ByteArray) {
    private val manifest: JSONObject
    private val files: JSONObject

    /** Version of edgetlc that wrote the bundle. */
    val edgetlc: String

    /** Side of the network's input, which fixes the reductions of the host step. */
    val size: Int

    /** In the order of the model's answers. */
    val classes: List<ClassInfo>

    init {
        val content = read("bundle.json")
        if (sha256(content) != digest) throw ChangedException("bundle.json")
        manifest = JSONObject(content.decodeToString())
        val contract = manifest.getJSONObject("contract")
        require(manifest.getInt("schema") == 1 && contract.getInt("version") == 1) {
            "this code reads bundles of schema 1 and pixel contract 1"
        }
        files = manifest.getJSONObject("files")
        edgetlc = manifest.getString("edgetlc")
        size = contract.getInt("size")
        classes = manifest.getJSONArray("classes").objects().map {
            ClassInfo(it.getString("name"), it.getString("zh"), it.getString("en"), it.getString("role"))
        }
    }

    /** Returns a file's content after comparing its size and SHA-256. */
    fun file(name: String): ByteArray {
        val record = files.optJSONObject(name) ?: throw ChangedException(name)
        val content = read(name)
        val same = content.size.toLong() == record.getLong("bytes") &&
            sha256(content) == record.getString("sha256")
        return if (same) content else throw ChangedException(name)
    }

    /** Returns the record of a model, such as `ort-int8`. */
    fun model(id: String): JSONObject =
        manifest.getJSONArray("models").objects().firstOrNull { it.getString("id") == id }
            ?: throw IllegalArgumentException("the bundle has no model $id")

    /** Returns the confidence that an answer of this class needs from a model of this precision. */
    fun needed(precision: String, label: ClassInfo): Double {
        val policy = manifest.getJSONObject("decision").getJSONObject(precision)
        val any = policy.getDouble("reject_below")
        return if (label.role == "genuine") maxOf(any, policy.getDouble("genuine_below")) else any
    }
}

internal fun JSONArray.objects(): List<JSONObject> = List(length()) { getJSONObject(it) }

internal fun sha256(content: ByteArray): String =
    MessageDigest.getInstance("SHA-256").digest(content).joinToString("") { "%02x".format(it) }
