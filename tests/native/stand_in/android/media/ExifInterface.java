package android.media;

import java.io.IOException;
import java.io.InputStream;

/** Finds the orientation in a JPEG whose EXIF block is little endian and lists it first. */
public class ExifInterface {
  public static final String TAG_ORIENTATION = "Orientation";
  public static final int ORIENTATION_NORMAL = 1;
  private final byte[] data;

  public ExifInterface(InputStream stream) throws IOException {
    data = stream.readNBytes(4096);
  }

  public int getAttributeInt(String tag, int otherwise) {
    byte[] entry = {0x12, 0x01, 3, 0, 1, 0, 0, 0};
    for (int at = 0; at + 10 < data.length; at++) {
      if (java.util.Arrays.equals(data, at, at + 8, entry, 0, 8)) return data[at + 8];
    }
    return otherwise;
  }
}
