package edgetlc

/** What runs a model file. */
interface Engine {
    /** Engine and version, for reports. */
    val name: String

    /** Returns one probability for each class. */
    fun probabilities(pixels: Pixels): FloatArray
}

/**
 * What is said of a photo. Unless [sure], the answer is "not sure: send the piece to the
 * laboratory", and [label] is only what the model leans to.
 */
data class Answer(
    val label: ClassInfo,
    val confidence: Double,
    val needed: Double,
    val runnerUp: ClassInfo,
    val runnerUpConfidence: Double,
) {
    val sure: Boolean get() = confidence >= needed
}

/** One model of a bundle. [open] gets the model file's bytes only after they were checked. */
class Classifier(val bundle: ModelBundle, val model: String, open: (ByteArray) -> Engine) {
    val precision: String = bundle.model(model).getString("precision")
    val engine: Engine = open(bundle.file(bundle.model(model).getJSONArray("files").getString(0)))

    /** Decides on what the host step made of a photo. */
    fun classify(pixels: Pixels): Answer {
        val found = probabilities(pixels)
        val (first, second) = found.indices.sortedByDescending { found[it] } // stable: ties keep order
        val label = bundle.classes[first]
        return Answer(
            label,
            found[first].toDouble(),
            bundle.needed(precision, label),
            bundle.classes[second],
            found[second].toDouble(),
        )
    }

    internal fun probabilities(pixels: Pixels): FloatArray {
        val found = engine.probabilities(pixels)
        check(found.size == bundle.classes.size && found.all { it.isFinite() }) {
            "$model does not answer as its bundle says; get the bundle again"
        }
        return found
    }
}
