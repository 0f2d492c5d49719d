/* A JPEG decoder for the phone app: libjpeg-turbo, without files, without a C library's input or
 * output. One instance of the module decodes one photo and is then thrown away, so a hostile file
 * can harm no other one and memory never grows.
 *
 * JavaScript calls: buffer(length), open(s), rows(count) until all rows have come. Errors call
 * `fail`, which throws in JavaScript and so never returns here.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "jpeglib.h"
#include "jerror.h"

__attribute__((import_module("host"), import_name("fail"), noreturn)) void fail(int code);

static struct jpeg_decompress_struct decoder;
static struct jpeg_error_mgr errors;
static struct jpeg_source_mgr source;
static unsigned char *file;
static size_t file_length;
static unsigned char *band;
static int band_rows;

static void on_error(j_common_ptr info) { fail(info->err->msg_code); }

/* Warnings, such as bytes too many between markers, are not counted as damage; as Pillow does. */
static void on_message(j_common_ptr info, int level) {
  if (level < 0) info->err->num_warnings++;
}
static void on_output(j_common_ptr info) {}
static void on_format(j_common_ptr info, char *text) { text[0] = 0; }
static void on_reset(j_common_ptr info) {
  info->err->num_warnings = 0;
  info->err->msg_code = 0;
}

static void on_init(j_decompress_ptr info) {}
static boolean on_empty(j_decompress_ptr info) { fail(JERR_INPUT_EOF); }
static void on_skip(j_decompress_ptr info, long count) {
  if (count < 0) return;
  if ((size_t)count > info->src->bytes_in_buffer) fail(JERR_INPUT_EOF);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= count;
}
static void on_end(j_decompress_ptr info) {}

/* Returns where the file's bytes are to be written. */
__attribute__((export_name("buffer"))) unsigned char *buffer(size_t length) {
  file = malloc(length);
  file_length = file ? length : 0;
  return file;
}

/* Reads the header and prepares decoding with the reduction s: 1, 2, 4 or 8. Returns the number of
 * components that come out: 1 grey, 3 RGB, 4 CMYK as it is stored. */
__attribute__((export_name("open"))) int open_file(int s) {
  errors.error_exit = on_error;
  errors.emit_message = on_message;
  errors.output_message = on_output;
  errors.format_message = on_format;
  errors.reset_error_mgr = on_reset;
  decoder.err = &errors;
  jpeg_create_decompress(&decoder);
  source.init_source = on_init;
  source.fill_input_buffer = on_empty;
  source.skip_input_data = on_skip;
  source.resync_to_restart = jpeg_resync_to_restart;
  source.term_source = on_end;
  source.next_input_byte = file;
  source.bytes_in_buffer = file_length;
  decoder.src = &source;
  jpeg_read_header(&decoder, TRUE);
  if (decoder.data_precision != 8) fail(JERR_BAD_PRECISION);
  decoder.scale_num = 1;
  decoder.scale_denom = s;
  decoder.out_color_space = decoder.num_components == 1   ? JCS_GRAYSCALE
                            : decoder.num_components == 4 ? JCS_CMYK
                                                          : JCS_RGB;
  jpeg_start_decompress(&decoder);
  return decoder.output_components;
}

__attribute__((export_name("width"))) int width(void) { return decoder.output_width; }
__attribute__((export_name("height"))) int height(void) { return decoder.output_height; }

/* Decodes the next `count` rows and returns where they are. */
__attribute__((export_name("rows"))) unsigned char *rows(int count) {
  size_t stride = (size_t)decoder.output_width * decoder.output_components;
  if (count > band_rows) {
    free(band);
    band = malloc(stride * count);
    if (!band) fail(JERR_OUT_OF_MEMORY);
    band_rows = count;
  }
  for (int row = 0; row < count;) {
    JSAMPROW at = band + stride * row;
    row += jpeg_read_scanlines(&decoder, &at, 1);
  }
  return band;
}
