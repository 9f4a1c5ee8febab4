// Thinking beside a call of a tool: what clients see of it, and that its maker has it back.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {anthropicLoop, chatLoop, chatTools, responsesLoop, textOf, thinking} from './cases.mjs';
import {providers, start} from './stage.mjs';

const stage = await start('authored');
const openai = new OpenAI({baseURL: `${stage.url}/v1`, apiKey: stage.key, maxRetries: 0});
const anthropic = new Anthropic({baseURL: stage.url, apiKey: stage.key, maxRetries: 0});
const reasoning = {effort: 'high', summary: 'auto'};
const include = ['reasoning.encrypted_content'];
const adaptive = {thinking: {type: 'adaptive'}, output_config: {effort: 'high'}};

for (const provider of providers) {
  test(`${provider}: chat streams thoughts as they come`, async () => {
    const pieces = [];
    const stream = await openai.chat.completions.create({
      model: `${provider}-sealed`, messages: [{role: 'user', content: thinking.question}],
      tools: chatTools, reasoning_effort: 'high', stream: true});
    for await (const chunk of stream)
      pieces.push(chunk.choices[0]?.delta.reasoning_content ?? '');
    assert.ok(pieces.filter(Boolean).length > 3);
    assert.equal(pieces.join(''), thinking.text);
  });

  // Nobody may read the thoughts of a `hidden` model; a provider of chat seals nothing.
  for (const how of provider === 'gpt' ? ['sealed'] : ['sealed', 'hidden']) {
    for (const stream of [false, true]) {
      const label = `${provider}-${how}, ${stream ? 'stream' : 'plain'}`;
      const model = `${provider}-${how}`;
      const text = how === 'sealed' ? thinking.text : '';

      test(`${label}: chat gives thoughts back in the message`, async () => {
        const said = await chatLoop(openai, stream, thinking.question,
                                    {model, reasoning_effort: 'high'});
        if (!stream)  // its helper keeps the last piece of a field it does not know
          assert.equal(said[0].reasoning_content ?? '', text);
        assert.equal(said.at(-1).content, thinking.final);
      });

      test(`${label}: responses give thoughts back as items`, async () => {
        const said = await responsesLoop(openai, stream, thinking.question,
                                         {model, reasoning, include});
        const items = said[0].output;
        assert.deepEqual(items.map((item) => item.type), ['reasoning', 'function_call']);
        assert.equal(items[0].summary.map((part) => part.text).join(''), text);
        assert.equal(said.at(-1).output_text, thinking.final);
      });

      test(`${label}: messages give thoughts back as blocks`, async () => {
        const said = await anthropicLoop(anthropic, stream, thinking.question,
                                         {model, ...adaptive});
        const [block] = said[0].content;
        assert.equal(block.type, text ? 'thinking' : 'redacted_thinking');
        assert.equal(block.thinking ?? '', text);
        assert.equal(textOf(said.at(-1)), thinking.final);
      });
    }
  }
}
