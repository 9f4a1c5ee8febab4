// Vercel's `ai`: loops of tools, thinking, images and structured output through each provider.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createAnthropic} from '@ai-sdk/anthropic';
import {createOpenAI} from '@ai-sdk/openai';
import {createOpenAICompatible} from '@ai-sdk/openai-compatible';
import {Output, generateText, isStepCount, jsonSchema, streamText, tool} from 'ai';
import * as z from 'zod';
import {images, loop, seen, shape, thinking, tools, turns, work} from './cases.mjs';
import {providers, start} from './stage.mjs';

const stage = await start('authored');
const given = {baseURL: `${stage.url}/v1`, apiKey: stage.key};
const supportedUrls = () => ({'image/*': [/^https:/]});  // else it fetches them itself
const compatible = createOpenAICompatible(
  {...given, name: 'naru', includeUsage: true, supportsStructuredOutputs: true, supportedUrls});
const responses = createOpenAI(given).responses;
const anthropic = createAnthropic(given);

/** What each needs to think, and whether it gives seals back. */
const dialects = {
  openai: {model: compatible, options: {naru: {reasoningEffort: 'high'}}, seals: false},
  responses: {model: responses, seals: true, options: {openai: {
    store: false, forceReasoning: true, reasoningEffort: 'high', reasoningSummary: 'auto'}}},
  anthropic: {model: anthropic, seals: true, options: {anthropic: {
    thinking: {type: 'enabled', budgetTokens: 2048}, structuredOutputMode: 'outputFormat'}}},
};

const runnable = Object.fromEntries(tools.map(({name, description, parameters}) => [name, tool({
  description, inputSchema: jsonSchema(parameters), execute: (input) => work(name, input)})]));
const looping = {tools: runnable, stopWhen: isStepCount(turns), maxOutputTokens: 8192,
                 maxRetries: 0, onError: () => {}};

/** The steps of a loop, plain or streamed. */
const steps = (stream, asked) =>
  stream ? streamText({...looping, ...asked}).steps : generateText(
    {...looping, ...asked}).then((result) => result.steps);

for (const [dialect, {model, options, seals}] of Object.entries(dialects)) {
  for (const provider of providers) {
    const name = `${dialect} to ${provider}`;

    for (const stream of [false, true]) {
      const label = `${name}, ${stream ? 'stream' : 'plain'}`;

      test(`${label}: loop of tools ends with the answer`, async () => {
        const said = await steps(stream, {model: model(`${provider}-loop`), prompt: loop.question,
                                          providerOptions: dialect === 'responses' ? options : {}});
        assert.equal(said.at(-1).text, loop.final);
        assert.equal(said[0].text, loop.say);
        assert.deepEqual(said.map((step) => step.toolCalls.map((call) => call.toolName)),
                         [['weather', 'clock'], ['plan'], []]);
      });

      test(`${label}: thoughts are shown, and go back with their seal`, async () => {
        const said = await steps(stream, {model: model(`${provider}-sealed`),
                                          prompt: thinking.question, providerOptions: options});
        assert.equal(said[0].reasoningText, thinking.text);
        if (seals || provider === 'gpt') assert.equal(said.at(-1).text, thinking.final);
      });

      if (seals && provider !== 'gpt') {
        test(`${label}: hidden thoughts go back with their seal`, async () => {
          const said = await steps(stream, {model: model(`${provider}-hidden`),
                                            prompt: thinking.question, providerOptions: options});
          assert.equal(said.at(-1).text, thinking.final);
        });
      }
    }

    test(`${name}: sends images`, async () => {
      const content = [new URL(images.url), images.png].map(
        (data) => ({type: 'file', mediaType: 'image/png', data}));
      const result = await generateText({model: model(`${provider}-look`), maxRetries: 0,
                                         messages: [{role: 'user', content}]});
      assert.equal(result.text, seen);
    });

    test(`${name}: makes an object`, async () => {
      const schema = z.object({city: z.string(), degrees: z.number()});
      const asked = {model: model(`${provider}-shape`), prompt: '?', maxRetries: 0,
                     output: Output.object({schema}),
                     providerOptions: {anthropic: {structuredOutputMode: 'outputFormat'}}};
      assert.deepEqual((await generateText(asked)).output, shape);
      assert.deepEqual(await streamText(asked).output, shape);
    });
  }
}

// By itself it has the server keep its items, and names them in the next step.
for (const provider of providers) {
  test(`responses to ${provider}: loop of tools goes on from kept items`, async () => {
    const said = await steps(false, {model: responses(`${provider}-loop`), prompt: loop.question});
    assert.equal(said.at(-1).text, loop.final);
  });
}
