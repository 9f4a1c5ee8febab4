// The official JavaScript SDK of OpenAI as a client.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import OpenAI from 'openai';
import {expected, korean, listed, long, providers, start} from './stage.mjs';

const stage = await start();
const clientOf = (apiKey) => new OpenAI({baseURL: `${stage.url}/v1`, apiKey, maxRetries: 0});
const client = clientOf(stage.key);
const messages = [{role: 'system', content: expected.system}, ...expected.turns];

const ask = (model, more = {}) => client.chat.completions.create({model, messages, ...more});
const askEngine = (more) =>  // at temperature 0 it says the same each time
  client.chat.completions.create({model: 'smollm2', messages: korean, max_tokens: 4,
                                  temperature: 0, ...more});
const textIn = (chunks) => chunks.map((c) => c.choices[0]?.delta.content ?? '').join('');
const stopIn = (chunks) => chunks.map((c) => c.choices[0]?.finish_reason).filter(Boolean);

async function collect(stream, chunks = []) {
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

function expectUsage(usage) {
  const {uncached, cached, output} = expected.usage;
  assert.equal(usage.prompt_tokens, uncached + cached);
  assert.equal(usage.prompt_tokens_details.cached_tokens, cached);
  assert.equal(usage.completion_tokens, output);
  assert.equal(usage.total_tokens, uncached + cached + output);
}

for (const provider of providers) {
  test(`${provider}: chat reaches the provider with system and all turns`, async () => {
    const answer = await ask(`${provider}-echo`);
    assert.equal(answer.choices[0].message.content, expected.echo);
    assert.equal(answer.choices[0].finish_reason, 'stop');
    assert.equal(answer.model, `${provider}-echo`);
    assert.match(answer._request_id, /^req_/);
    expectUsage(answer.usage);
  });

  test(`${provider}: stream has the same text, and usage only for who asked`, async () => {
    const silent = await collect(ask(`${provider}-echo`, {stream: true}));
    assert.equal(textIn(silent), expected.echo);
    assert.deepEqual(stopIn(silent), ['stop']);
    assert.ok(silent.every((chunk) => !('usage' in chunk) && chunk.choices.length === 1));
    const stream_options = {include_usage: true};
    const asked = await collect(ask(`${provider}-echo`, {stream: true, stream_options}));
    expectUsage(asked.at(-1).usage);
  });

  test(`${provider}: helper for streams builds the whole answer`, async () => {
    const stream = client.chat.completions.stream({model: `${provider}-short`, messages});
    const answer = await stream.finalChatCompletion();
    assert.equal(answer.choices[0].message.content, expected.half);
    assert.equal(answer.choices[0].finish_reason, 'length');
  });

  test(`${provider}: failure within a stream is thrown after its text`, async () => {
    const chunks = [];
    const whole = collect(ask(`${provider}-broken`, {stream: true}), chunks);
    await assert.rejects(whole, (error) => {
      assert.ok(error instanceof OpenAI.APIError);
      assert.equal(error.type, 'server_error');
      return true;
    });
    assert.equal(textIn(chunks), expected.half);
    assert.deepEqual(stopIn(chunks), []);
  });

  test(`${provider}: refusals keep their classes`, async () => {
    await assert.rejects(ask(`${provider}-refused`), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.ok(error.message.includes(expected.refusal));
      return true;
    });
    await assert.rejects(ask(`${provider}-busy`), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.equal(error.headers.get('retry-after'), '7');
      assert.ok(!error.message.includes('acct_canary'));
      return true;
    });
  });

  test(`${provider}: cancelled stream leaves the provider, the next call is fine`, async () => {
    const stream = await ask(`${provider}-held`, {stream: true});
    for await (const chunk of stream) if (textIn([chunk])) break;
    const answer = await ask(`${provider}-freed`);
    assert.equal(answer.choices[0].message.content, expected.echo);
  });

  test(`${provider}: aborted plain call leaves the provider`, async () => {
    const signal = AbortSignal.timeout(300);
    const held = client.chat.completions.create({model: `${provider}-held`, messages}, {signal});
    await assert.rejects(held, OpenAI.APIUserAbortError);
    const answer = await ask(`${provider}-freed`);
    assert.equal(answer.choices[0].message.content, expected.echo);
  });
}

test('embeddings of a provider: strings and tokens, in both forms', async () => {
  for (const input of [['나루', 'b'], [[15496, 995], [1]]]) {
    for (const form of [{}, {encoding_format: 'float'}]) {  // else the SDK asks for base64
      const answer = await client.embeddings.create({model: 'gpt-embed', input, ...form});
      assert.deepEqual(answer.data.map((entry) => entry.embedding), expected.vectors);
    }
  }
});

test('engine answers and streams a Korean prompt', async () => {
  const answer = await askEngine();
  assert.ok(answer.choices[0].message.content.trim());
  assert.equal(answer.usage.completion_tokens, 4);
  const chunks = await collect(askEngine({stream: true}));
  assert.equal(textIn(chunks), answer.choices[0].message.content);
  assert.deepEqual(stopIn(chunks), ['length']);
  assert.ok(chunks.every((chunk) => chunk.model === 'smollm2' && !('usage' in chunk)));
});

test('engine embeds strings and tokens, in both forms', async () => {
  const embed = async (input, form = {}) => {
    const answer = await client.embeddings.create({model: 'smollm2', input, ...form});
    return answer.data.map((entry) => entry.embedding);
  };
  const asText = await embed(['나루', 'ferry']);
  const asFloats = await embed(['나루', 'ferry'], {encoding_format: 'float'});
  for (const [at, vector] of asText.entries()) {
    assert.equal(vector.length, 576);
    assert.ok(vector.every((number, i) => Math.abs(number - asFloats[at][i]) < 1e-4));
  }
  assert.equal((await embed([[1, 2, 3], [4]])).length, 2);
});

test('engine is free again after a cancelled stream', async () => {
  const stream = await askEngine({messages: long, max_tokens: 1000, stream: true,
                                  ignore_eos: true});
  for await (const chunk of stream) if (textIn([chunk])) break;
  assert.ok((await askEngine()).choices[0].message.content.trim());
});

test('wrong key is an authentication error', async () => {
  const stranger = clientOf('naru_wrong');
  const chat = stranger.chat.completions.create({model: 'gpt-echo', messages});
  await assert.rejects(chat, OpenAI.AuthenticationError);
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

test('unknown model is not found, and near names are told', async () => {
  await assert.rejects(ask('smolm2'), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, 'model_not_found');
    assert.ok(error.message.includes('smollm2'));
    assert.match(error.requestID, /^req_/);
    return true;
  });
});

test('bad parameter is a bad request that names it', async () => {
  for (const model of ['gpt-echo', 'claude-echo', 'smollm2']) {
    await assert.rejects(ask(model, {max_tokens: -1}), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.ok(error.message.includes('max_tokens'));
      return true;
    });
  }
});

test('list and single models', async () => {
  const page = await client.models.list();
  assert.deepEqual(page.data.map((model) => model.id), listed);
  for (const name of ['smollm2', 'team/gpt-echo', 'claude-echo'])
    assert.equal((await client.models.retrieve(name)).id, name);
  await assert.rejects(client.models.retrieve('nothing-alike'), OpenAI.NotFoundError);
});
