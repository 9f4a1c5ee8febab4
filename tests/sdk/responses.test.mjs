// The official JavaScript SDK of OpenAI as a client of Responses.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import OpenAI from 'openai';
import {expected, providers, start} from './stage.mjs';

const stage = await start('authored');
const client = new OpenAI({baseURL: `${stage.url}/v1`, apiKey: stage.key, maxRetries: 0});
const asked = {instructions: expected.system, input: expected.turns};
const ask = (model, more = {}) => client.responses.create({model, ...asked, ...more});
const textIn = (events) => events.filter((e) => e.type === 'response.output_text.delta')
  .map((e) => e.delta).join('');

async function collect(stream, events = []) {
  for await (const event of await stream) events.push(event);
  return events;
}

function expectUsage(usage) {
  const {uncached, cached, output} = expected.usage;
  assert.equal(usage.input_tokens, uncached + cached);
  assert.equal(usage.input_tokens_details.cached_tokens, cached);
  assert.equal(usage.output_tokens, output);
  assert.equal(usage.total_tokens, uncached + cached + output);
}

for (const provider of providers) {
  test(`${provider}: request reaches the provider with instructions and all turns`, async () => {
    const answer = await ask(`${provider}-echo`);
    assert.equal(answer.output_text, expected.echo);
    assert.equal(answer.status, 'completed');
    assert.equal(answer.model, `${provider}-echo`);
    expectUsage(answer.usage);
  });

  test(`${provider}: stream and its helper say the same as a plain answer`, async () => {
    const events = await collect(ask(`${provider}-echo`, {stream: true}));
    assert.equal(textIn(events), expected.echo);
    assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
    expectUsage(events.at(-1).response.usage);
    const stream = client.responses.stream({model: `${provider}-echo`, ...asked});
    assert.equal((await stream.finalResponse()).output_text, expected.echo);
  });

  test(`${provider}: answer cut by the limit is incomplete`, async () => {
    const cut = {model: `${provider}-short`, input: '?', max_output_tokens: 16};
    const plain = await client.responses.create(cut);
    const last = (await collect(client.responses.create({...cut, stream: true}))).at(-1);
    assert.equal(last.type, 'response.incomplete');
    for (const answer of [plain, last.response]) {
      assert.equal(answer.status, 'incomplete');
      assert.equal(answer.incomplete_details.reason, 'max_output_tokens');
    }
  });

  test(`${provider}: failure within a stream is thrown after its text`, async () => {
    const events = [];
    const whole = collect(ask(`${provider}-broken`, {stream: true}), events);
    await assert.rejects(whole, OpenAI.APIError);
    assert.equal(textIn(events), expected.half);
    const stream = client.responses.stream({model: `${provider}-broken`, ...asked});
    await assert.rejects(stream.finalResponse(), OpenAI.APIError);
  });

  test(`${provider}: refusals keep their classes`, async () => {
    await assert.rejects(ask(`${provider}-refused`), OpenAI.BadRequestError);
    await assert.rejects(ask(`${provider}-busy`), OpenAI.RateLimitError);
  });

  for (const stream of [false, true]) {
    const label = `${provider}, ${stream ? 'stream' : 'plain'}`;

    test(`${label}: kept response is found, goes on, and is deleted`, async () => {
      const say = async (asked) => {
        const whole = {model: `${provider}-echo`, ...asked};
        return stream ? client.responses.stream(whole).finalResponse() :
          client.responses.create(whole);
      };
      const first = await say({input: '나루?'});
      const second = await say({input: '더!', previous_response_id: first.id});
      assert.equal(second.output_text, 'user=나루? assistant=user=나루? user=더!');
      assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
      await client.responses.delete(first.id);
      await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
    });
  }
}

test('failed response is thrown or told', async () => {  // of it the SDK makes no error itself
  const stream = client.responses.stream({model: 'resp-failed', ...asked});
  const answer = await stream.finalResponse().catch((error) => {
    assert.ok(error instanceof OpenAI.APIError, `${error}`);
    return {status: 'failed'};
  });
  assert.equal(answer.status, 'failed');
});
