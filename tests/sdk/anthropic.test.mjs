// The official JavaScript SDK of Anthropic as a client.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import {expected, korean, listed, long, providers, start} from './stage.mjs';

const stage = await start();
const clientOf = (apiKey) => new Anthropic({baseURL: stage.url, apiKey, maxRetries: 0});
const client = clientOf(stage.key);

const asked = (model, more = {}) => ({model, max_tokens: 16, system: expected.system,
                                      messages: expected.turns, ...more});
const ask = (model, more) => client.messages.create(asked(model, more));
const askEngine = (more) =>  // at temperature 0 it says the same each time
  client.messages.create({model: 'smollm2', max_tokens: 4, messages: korean, temperature: 0,
                          ...more});
const textOf = (message) => message.content.map((block) => block.text).join('');
const textIn = (events) => events.map((e) => e.delta?.text ?? '').join('');
const stopIn = (events) => events.map((e) => e.delta?.stop_reason).filter(Boolean);

async function collect(stream, events = []) {
  for await (const event of await stream) events.push(event);
  return events;
}

function expectUsage(usage) {
  const {uncached, cached, output} = expected.usage;
  assert.equal(usage.input_tokens, uncached);
  assert.equal(usage.cache_read_input_tokens, cached);
  assert.equal(usage.output_tokens, output);
}

for (const provider of providers) {
  test(`${provider}: message reaches the provider with system and all turns`, async () => {
    const message = await ask(`${provider}-echo`);
    assert.equal(textOf(message), expected.echo);
    assert.equal(message.stop_reason, 'end_turn');
    assert.equal(message.model, `${provider}-echo`);
    assert.match(message._request_id, /^req_/);
    expectUsage(message.usage);
  });

  test(`${provider}: stream has the events of the dialect`, async () => {
    const events = await collect(ask(`${provider}-echo`, {stream: true}));
    assert.equal(events[0].type, 'message_start');
    assert.equal(events.at(-1).type, 'message_stop');
    assert.equal(textIn(events), expected.echo);
    assert.deepEqual(stopIn(events), ['end_turn']);
  });

  test(`${provider}: helper for streams builds the whole message`, async () => {
    const message = await client.messages.stream(asked(`${provider}-echo`)).finalMessage();
    assert.equal(textOf(message), expected.echo);
    expectUsage(message.usage);
    const short = await client.messages.stream(asked(`${provider}-short`)).finalMessage();
    assert.equal(short.stop_reason, 'max_tokens');
  });

  test(`${provider}: failure within a stream is thrown after its text`, async () => {
    const events = [];
    const whole = collect(ask(`${provider}-broken`, {stream: true}), events);
    await assert.rejects(whole, (error) => {
      assert.ok(error instanceof Anthropic.APIError);
      assert.match(error.error.error.type, /^(overloaded|api)_error$/);
      return true;
    });
    assert.equal(textIn(events), expected.half);
    assert.deepEqual(stopIn(events), []);
  });

  test(`${provider}: refusals keep their classes`, async () => {
    await assert.rejects(ask(`${provider}-refused`), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      assert.equal(error.error.error.message, expected.refusal);
      return true;
    });
    await assert.rejects(ask(`${provider}-busy`), (error) => {
      assert.ok(error instanceof Anthropic.RateLimitError);
      assert.equal(error.headers.get('retry-after'), '7');
      assert.ok(!error.message.includes('acct_canary'));
      return true;
    });
  });

  test(`${provider}: cancelled stream leaves the provider, the next call is fine`, async () => {
    const stream = await ask(`${provider}-held`, {stream: true});
    for await (const event of stream) if (textIn([event])) break;
    assert.equal(textOf(await ask(`${provider}-freed`)), expected.echo);
  });

  test(`${provider}: aborted plain call leaves the provider`, async () => {
    const signal = AbortSignal.timeout(300);
    const held = client.messages.create(asked(`${provider}-held`), {signal});
    await assert.rejects(held, Anthropic.APIUserAbortError);
    assert.equal(textOf(await ask(`${provider}-freed`)), expected.echo);
  });
}

test('tokens are counted by the provider and by the engine', async () => {
  const {system, turns: messages, echo} = expected;
  const counted = await client.messages.countTokens({model: 'claude-echo', system, messages});
  assert.equal(counted.input_tokens, [...echo].length);
  const here = await client.messages.countTokens({model: 'smollm2', messages: korean});
  const {usage} = await askEngine({max_tokens: 1});
  assert.equal(here.input_tokens, usage.input_tokens + usage.cache_read_input_tokens);
});

test('engine answers and streams a Korean prompt', async () => {
  const message = await askEngine();
  assert.ok(textOf(message).trim());
  assert.equal(message.usage.output_tokens, 4);
  const events = await collect(askEngine({stream: true}));
  assert.equal(textIn(events), textOf(message));
  assert.equal(events[0].message.model, 'smollm2');
  assert.equal(events.at(-1).type, 'message_stop');
});

test('engine is free again after a cancelled stream', async () => {
  const stream = await askEngine({messages: long, max_tokens: 1000, stream: true});
  for await (const event of stream) if (textIn([event])) break;
  assert.ok(textOf(await askEngine()).trim());
});

test('wrong key is an authentication error', async () => {
  const stranger = clientOf('naru_wrong');
  await assert.rejects(stranger.messages.create(asked('claude-echo')),
                       Anthropic.AuthenticationError);
  await assert.rejects(stranger.models.list(), Anthropic.AuthenticationError);
});

test('unknown model is not found, and near names are told', async () => {
  await assert.rejects(ask('smolm2'), (error) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.equal(error.error.error.type, 'not_found_error');
    assert.ok(error.message.includes('smollm2'));
    assert.match(error.requestID, /^req_/);
    return true;
  });
});

test('bad parameter is a bad request that names it', async () => {
  for (const model of ['gpt-echo', 'claude-echo', 'smollm2']) {
    await assert.rejects(ask(model, {max_tokens: -1}), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError);
      assert.ok(error.message.includes('max_tokens'));
      return true;
    });
  }
});

test('list and single models have the shape of the dialect', async () => {
  const names = [];
  for await (const model of client.models.list()) {
    assert.equal(model.type, 'model');
    names.push(model.id);
  }
  assert.deepEqual(names, listed);
  for (const name of ['smollm2', 'team/gpt-echo', 'claude-echo'])
    assert.equal((await client.models.retrieve(name)).id, name);
  await assert.rejects(client.models.retrieve('nothing-alike'), Anthropic.NotFoundError);
});
