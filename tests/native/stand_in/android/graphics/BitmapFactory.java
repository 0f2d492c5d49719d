package android.graphics;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;

/** Java's own decoder: whole pictures only, as if this Android could not scale a JPEG. */
public final class BitmapFactory {
  public static class Options {
    public boolean inJustDecodeBounds;
    public boolean inScaled;
    public int inSampleSize;
    public int outWidth;
    public int outHeight;
    public String outMimeType;
    public Bitmap.Config inPreferredConfig;
    public ColorSpace inPreferredColorSpace;
  }

  public static Bitmap decodeByteArray(byte[] data, int offset, int length, Options options) {
    try {
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(data, offset, length));
      options.outWidth = image == null ? -1 : image.getWidth();
      options.outHeight = image == null ? -1 : image.getHeight();
      options.outMimeType = data[0] == (byte) 0xFF ? "image/jpeg" : "image/png";
      return image == null || options.inJustDecodeBounds ? null : new Bitmap(image);
    } catch (IOException error) {
      return null;
    }
  }
}
