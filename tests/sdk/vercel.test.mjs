// Vercel's `ai` as a client, through its providers for compatible servers, for OpenAI's Responses
// and for Anthropic.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createAnthropic} from '@ai-sdk/anthropic';
import {createOpenAI} from '@ai-sdk/openai';
import {createOpenAICompatible} from '@ai-sdk/openai-compatible';
import {APICallError, embed, embedMany, generateText, streamText} from 'ai';
import {expected, korean, providers, start} from './stage.mjs';

const stage = await start();
const baseURL = `${stage.url}/v1`;
const compatible = (apiKey) =>
  createOpenAICompatible({name: 'naru', baseURL, apiKey, includeUsage: true});
const anthropic = (apiKey) => createAnthropic({baseURL, apiKey});
const responses = (apiKey) => createOpenAI({baseURL, apiKey}).responses;
const dialects = {openai: compatible, responses, anthropic};

const once = {maxRetries: 0, onError: () => {}};  // a failing stream would be printed
const asked = {instructions: expected.system, messages: expected.turns, maxOutputTokens: 64,
               ...once};

async function collect(result) {
  const parts = [];
  for await (const part of result.stream) parts.push(part);
  return parts;
}
const textIn = (parts) => parts.filter((p) => p.type === 'text-delta').map((p) => p.text).join('');
const errorIn = (parts) => parts.find((part) => part.type === 'error')?.error;

function expectUsage(usage) {
  const {uncached, cached, output} = expected.usage;
  assert.equal(usage.inputTokens, uncached + cached);
  assert.equal(usage.inputTokenDetails.cacheReadTokens, cached);
  assert.equal(usage.outputTokens, output);
}

function refusedWith(statusCode, text) {
  return (error) => {
    assert.ok(APICallError.isInstance(error), `${error}`);
    assert.equal(error.statusCode, statusCode);
    assert.ok(error.message.includes(text), error.message);
    return true;
  };
}

for (const [dialect, make] of Object.entries(dialects)) {
  const model = make(stage.key);
  const say = (name, more) => generateText({model: model(name), ...asked, ...more});

  for (const provider of providers) {
    const label = `${dialect} to ${provider}`;

    test(`${label}: generates text`, async () => {
      const result = await say(`${provider}-echo`);
      assert.equal(result.text, expected.echo);
      assert.equal(result.finishReason, 'stop');
      assert.equal(result.response.modelId, `${provider}-echo`);
      expectUsage(result.usage);
    });

    test(`${label}: streams text`, async () => {
      const result = streamText({model: model(`${provider}-echo`), ...asked});
      assert.equal(textIn(await collect(result)), expected.echo);
      assert.equal(await result.finishReason, 'stop');
      expectUsage(await result.usage);
    });

    test(`${label}: says when an answer was cut`, async () => {
      const result = await say(`${provider}-short`, {maxOutputTokens: 16});
      assert.equal(result.text, expected.half);
      assert.equal(result.finishReason, 'length');
    });

    test(`${label}: failure within a stream is an error part after its text`, async () => {
      const parts = await collect(streamText({model: model(`${provider}-broken`), ...asked}));
      assert.equal(textIn(parts), expected.half);
      assert.ok(errorIn(parts), 'no error part');
    });

    test(`${label}: refusals are thrown with status and words`, async () => {
      await assert.rejects(say(`${provider}-refused`), refusedWith(400, expected.refusal));
      await assert.rejects(say(`${provider}-busy`), refusedWith(429, 'limit'));
    });

    test(`${label}: aborted stream leaves the provider, the next call is fine`, async () => {
      const abort = new AbortController();
      const result = streamText({model: model(`${provider}-held`), ...asked,
                                 abortSignal: abort.signal});
      const parts = [];
      for await (const part of result.stream) {
        parts.push(part);
        if (part.type === 'text-delta') abort.abort();
      }
      assert.equal(parts.at(-1).type, 'abort');
      assert.equal((await say(`${provider}-freed`)).text, expected.echo);
    });
  }

  test(`${dialect}: engine answers and streams a Korean prompt`, async () => {
    const call = {model: model('smollm2'), messages: korean, maxOutputTokens: 16, temperature: 0,
                  ...once};
    const answer = await generateText(call);
    assert.ok(answer.text.trim());
    assert.equal(answer.usage.outputTokens, 16);
    const result = streamText(call);
    assert.equal(textIn(await collect(result)), answer.text);
    assert.equal(await result.finishReason, 'length');
    assert.equal((await result.usage).outputTokens, 16);
  });

  test(`${dialect}: wrong key, unknown model and bad parameter`, async () => {
    const stranger = {model: make('naru_wrong')('gpt-echo'), ...asked};
    await assert.rejects(generateText(stranger), refusedWith(401, 'key'));
    await assert.rejects(say('smolm2'), refusedWith(404, 'smollm2'));
    await assert.rejects(say('smollm2', {maxOutputTokens: 1e12}), refusedWith(400, '_tokens'));
  });
}

test('embeds one value and many', async () => {
  const provider = compatible(stage.key);
  const model = provider.embeddingModel('gpt-embed');
  assert.deepEqual((await embed({model, value: '나루', ...once})).embedding, expected.vectors[0]);
  const values = ['나루', 'b'];
  assert.deepEqual((await embedMany({model, values, ...once})).embeddings, expected.vectors);
  const local = provider.embeddingModel('smollm2');
  const {embeddings} = await embedMany({model: local, values, ...once});
  assert.deepEqual(embeddings.map((vector) => vector.length), [576, 576]);
});
