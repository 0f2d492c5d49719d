package edgetlc

import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtSession
import java.nio.ByteBuffer

/**
 * ONNX Runtime's own Java interface, the same on Android and on the desktop.
 *
 * Add `com.microsoft.onnxruntime:onnxruntime-android` to the app, or a reduced build of it. Keep
 * to the default provider, the CPU: NNAPI and others compute something else.
 */
class OrtEngine(model: ByteArray, threads: Int = 1) : Engine {
    private val environment = OrtEnvironment.getEnvironment().apply { setTelemetry(false) }
    private val session: OrtSession = OrtSession.SessionOptions().use { options ->
        options.setIntraOpNumThreads(threads)
        environment.createSession(model, options)
    }

    override val name: String = "onnxruntime ${environment.version}"

    override fun probabilities(pixels: Pixels): FloatArray {
        val shape = longArrayOf(1, pixels.height.toLong(), pixels.width.toLong(), 3)
        val data = ByteBuffer.allocateDirect(pixels.rgb.size).put(pixels.rgb)
        data.rewind()
        OnnxTensor.createTensor(environment, data, shape, OnnxJavaType.UINT8).use { input ->
            session.run(mapOf("pixels" to input), setOf("probabilities")).use { found ->
                val answer = (found.get(0) as OnnxTensor).floatBuffer
                return FloatArray(answer.remaining()).also { answer.get(it) }
            }
        }
    }
}
