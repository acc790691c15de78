/**
 * What is not zero in an image `[channels, …]`, ordered as the windows of a convolution read it: for every
 * row, for every column, for every channel one event, which is the place of its weights (in bytes, 64 for each
 * channel) and its value.
 *
 * `rows` holds where each row lies in a plane, in bytes, or -1 for a row of zeros; `columns` holds pairs:
 * where each column lies in a row or -1, and the place of its first weights. `starts` receives, for every row,
 * where the events of every column begin and where the last ones end. With `all`, zeros are events too.
 */
export function listWindowEvents(
  image: usize,
  channels: i32,
  planeSize: i32,
  rows: usize,
  rowCount: i32,
  columns: usize,
  columnCount: i32,
  all: i32,
  starts: usize,
  events: usize,
): void {
  const plane = <usize>planeSize << 2;
  const columnsEnd = columns + (<usize>columnCount << 3);
  for (let row = 0; row < rowCount; row++) {
    const line = load<i32>(rows + (<usize>row << 2));
    for (let column = columns; column < columnsEnd; column += 8) {
      store<usize>(starts, events);
      starts += 4;
      const offset = load<i32>(column);
      if (line < 0 || offset < 0) continue;
      let from = image + <usize>(line + offset);
      let place = load<i32>(column, 4);
      for (let channel = 0; channel < channels; channel++) {
        const value = load<f32>(from);
        // Written always and kept by moving on: a branch would be mispredicted half of the time.
        store<i32>(events, place);
        store<f32>(events, value, 4);
        events += <usize>(i32(value != 0) | all) << 3;
        place += 64;
        from += plane;
      }
    }
    store<usize>(starts, events);
    starts += 4;
  }
}

/**
 * What is not zero in every channel of an image `[channels, …]`, in groups of pixels.
 *
 * `pixels` holds pairs, one group after the other: where a pixel lies in a plane and the place its event
 * gets, both in bytes; `groups` holds the number of pixels of every group. `starts` receives, channel by
 * channel, where the events of every group begin, and where the last ones end.
 */
export function listPlaneEvents(
  image: usize,
  channels: i32,
  planeSize: i32,
  pixels: usize,
  groups: usize,
  groupCount: i32,
  all: i32,
  starts: usize,
  events: usize,
): void {
  for (let channel = 0; channel < channels; channel++) {
    let pixel = pixels;
    for (let group = 0; group < groupCount; group++) {
      store<usize>(starts, events);
      starts += 4;
      const end = pixel + (<usize>load<i32>(groups + (<usize>group << 2)) << 3);
      for (; pixel < end; pixel += 8) {
        const value = load<f32>(image + <usize>load<i32>(pixel));
        store<i32>(events, load<i32>(pixel, 4));
        store<f32>(events, value, 4);
        events += <usize>(i32(value != 0) | all) << 3;
      }
    }
    image += <usize>planeSize << 2;
  }
  store<usize>(starts, events);
}
