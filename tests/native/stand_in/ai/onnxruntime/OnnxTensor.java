package ai.onnxruntime;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

public final class OnnxTensor implements AutoCloseable {
  final ByteBuffer data;
  final long[] shape;
  private final FloatBuffer answer;

  private OnnxTensor(ByteBuffer data, long[] shape, FloatBuffer answer) {
    this.data = data;
    this.shape = shape;
    this.answer = answer;
  }

  public static OnnxTensor createTensor(
      OrtEnvironment environment, ByteBuffer data, long[] shape, OnnxJavaType type)
      throws OrtException {
    long expected = 1;
    for (long side : shape) expected *= side;
    if (!data.isDirect() || data.remaining() != expected || type != OnnxJavaType.UINT8) {
      throw new OrtException("the tensor's data do not fit its shape and type");
    }
    return new OnnxTensor(data, shape, null);
  }

  static OnnxTensor of(float[] answer) {
    return new OnnxTensor(null, null, FloatBuffer.wrap(answer));
  }

  public FloatBuffer getFloatBuffer() {
    return answer;
  }

  @Override
  public void close() {}
}
