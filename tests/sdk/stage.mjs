// One naru for the tests of a file, as stage.py starts it.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {after} from 'node:test';

export const expected = JSON.parse(readFileSync(new URL('expected.json', import.meta.url)));
export const listed = ['smollm2', 'team/gpt-echo'];
export const korean = [{role: 'user', content: '안녕하세요. 나루가 뭐예요?'}];
export const long = [{role: 'user', content: 'Count from one to one thousand.'}];

export const providers = ['gpt', 'resp', 'claude'];  // the first word of a model's name

/**
 * `{url, key}`; it ends, and must end well, after the tests of this file. With `authored` as its
 * argument it has no engine, and starts sooner.
 */
export async function start(...words) {
  const program = new URL('stage.py', import.meta.url).pathname;
  const child = spawn('python3', ['-B', program, ...words], {stdio: ['pipe', 'pipe', 'inherit']});
  const ended = once(child, 'exit');
  after(async () => {
    child.stdin.end();
    const [status] = await ended;
    if (status !== 0) throw new Error(`stage.py ended with ${status}`);
  });
  for await (const line of createInterface({input: child.stdout})) return JSON.parse(line);
  throw new Error('stage.py ended before it had started naru');
}
